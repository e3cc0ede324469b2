//go:build !linux

package harness

import (
	"os/exec"
	"time"
)

func startOn(*exec.Cmd, int) error             { return ErrSystem }
func leave() (int, error)                      { return 0, ErrSystem }
func processorTime(int) (time.Duration, error) { return 0, ErrSystem }
func memory(int, string) (int64, error)        { return 0, ErrSystem }
