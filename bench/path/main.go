// Path prints the files and functions of the module that one record passes in a warm
// function: a record of a Kinesis stream, to one Kinesis target, without options.
//
//	go run ./bench/path
//
// It builds itself with coverage of the packages that the function is made of, invokes
// the handler twice, and prints the functions that the second invocation ran.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/coverage"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/bench"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// Packages.
const (
	function = "./cmd/bootstrap"
	self     = "./bench/path"
)

func main() {
	probe := flag.String("probe", "", "invoke the handler, and write the counters of coverage into this `folder`")
	flag.Parse()
	run := func() error { return report(os.Stdout) }
	if *probe != "" {
		run = func() error { return invoke(*probe) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "path:", err)
		os.Exit(1)
	}
}

// report builds the probe, runs it, and writes the functions that it passed.
func report(w io.Writer) error {
	dir, err := os.MkdirTemp("", "path")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // an error leaves a few files behind
	packages, err := functionPackages()
	if err != nil {
		return err
	}
	probe := filepath.Join(dir, "probe")
	covered := strings.Join(append(packages, self), ",") // without its own package the probe has no counters
	if _, err := output("go", "build", "-cover", "-covermode=atomic", "-coverpkg="+covered, "-o", probe, self); err != nil {
		return err
	}
	if _, err := output(probe, "-probe", dir); err != nil {
		return err
	}
	functions, err := output("go", "tool", "covdata", "func", "-i="+dir)
	if err != nil {
		return err
	}
	return write(w, passed(functions))
}

// functionPackages returns the packages of this module that the function is made of.
func functionPackages() ([]string, error) {
	module, err := output("go", "list", "-m")
	if err != nil {
		return nil, err
	}
	all, err := output("go", "list", "-deps", function)
	if err != nil {
		return nil, err
	}
	var own []string
	for _, p := range strings.Fields(all) {
		if strings.HasPrefix(p, strings.TrimSpace(module)+"/") {
			own = append(own, p)
		}
	}
	return own, nil
}

// output runs a command and returns its output.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)                       //nolint:gosec // the commands of this program
	cmd.Env = append(os.Environ(), "GOCOVERDIR="+os.DevNull) // the probe writes its counters itself
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &failed)
	}
	return out.String(), nil
}

// file is a file with the functions that were passed.
type file struct {
	name      string
	functions []string
}

// passed reads the output of covdata: a line each of file:line:, function and percentage.
func passed(functions string) (files []file) {
	for line := range strings.Lines(functions) {
		f := strings.Fields(line)
		name, _, ok := strings.Cut(f[0], ".go:")
		if !ok || len(f) != 3 || f[2] == "0.0%" || strings.Contains(name, strings.TrimPrefix(self, ".")) {
			continue
		}
		if name += ".go"; len(files) == 0 || files[len(files)-1].name != name {
			files = append(files, file{name: name})
		}
		last := &files[len(files)-1]
		last.functions = append(last.functions, f[1])
	}
	return files
}

// write prints files and the totals.
func write(w io.Writer, files []file) error {
	functions := 0
	for _, f := range files {
		functions += len(f.functions)
		if _, err := fmt.Fprintf(w, "%s: %s\n", f.name, strings.Join(f.functions, ", ")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d files, %d functions\n", len(files), functions)
	return err
}

// invoke delivers one record twice, and writes the counters of the second time into dir.
func invoke(dir string) error {
	w := bench.Workload{Records: 1, Event: bench.Kinesis(1, 200, 1), Targets: []bench.Target{{Type: "kinesis"}}}
	o := lambda.DefaultOptions()
	o.Metrics = metrics.ModeNone // they are of an invocation, not of a record
	o.TargetsFile = filepath.Join(dir, "targets.yaml")
	if err := os.WriteFile(o.TargetsFile, w.File(), 0o600); err != nil {
		return err
	}
	services := new(bench.Services)
	h, err := lambda.New(o, aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("path", "path", ""),
		HTTPClient:  &http.Client{Transport: services},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}, zap.NewNop())
	if err != nil {
		return err
	}
	for range 2 {
		if err := coverage.ClearCounters(); err != nil {
			return err
		}
		if _, err := h.Invoke(context.Background(), w.Event); err != nil {
			return err
		}
	}
	if n := services.Acknowledged(); n != 2 {
		return fmt.Errorf("%d records arrived; want 2", n)
	}
	return errors.Join(coverage.WriteMetaDir(dir), coverage.WriteCountersDir(dir))
}
