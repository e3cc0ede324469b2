//go:build integration

package integration

import (
	"archive/zip"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCommands runs the scripts of testdata/*.txtar, each with bin/fanout, the AWS CLI
// and its own moto. The scripts have these commands in addition to testscript's:
//
//	status N command…     run command; its exit status must be N
//	zip FILE MEMBER…      write a zip file
//	enforce               from now on moto enforces IAM policies
func TestCommands(t *testing.T) {
	moto, err := exec.LookPath(os.Getenv("MOTO_SERVER"))
	if err != nil {
		t.Fatal(err)
	}
	bin, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		UpdateScripts:      os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:              func(env *testscript.Env) error { return setUpScript(env, moto, bin) },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":  scriptStatus,
			"enforce": scriptEnforce,
			"zip":     scriptZip,
		},
	})
}

func setUpScript(env *testscript.Env, moto, bin string) error {
	_, port, _ := strings.Cut(freeAddr(), ":")
	s := &server{addr: "127.0.0.1:" + port, argv: []string{moto, "-H", "127.0.0.1", "-p", port}}
	if err := s.start(); err != nil {
		return err
	}
	env.Defer(func() { s.stop(syscall.SIGKILL) })
	url := "http://" + s.addr
	// Otherwise moto looks for Docker to run functions.
	resp, err := http.Post(url+"/moto-api/config", "application/json", strings.NewReader(`{"lambda": {"use_docker": false}}`))
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	examples, err := filepath.Abs("../examples")
	if err != nil {
		return err
	}
	env.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("FANOUT", filepath.Join(bin, "fanout"))
	env.Setenv("EXTENDED", filepath.Join(bin, "..", "dist", "extended", "fanout"))
	env.Setenv("EXAMPLES", examples)
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED",
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		env.Setenv(name, os.Getenv(name))
	}
	env.Setenv("AWS_ENDPOINT_URL", url)
	env.Setenv("ENDPOINT", s.addr)
	env.Setenv("AWS_DEFAULT_REGION", region)
	env.Setenv("AWS_PAGER", "")
	return nil
}

func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	status := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want, err := strconv.Atoi(args[0]); err != nil || status != want {
		ts.Fatalf("exit status %d, want %s", status, args[0])
	}
}

func scriptZip(ts *testscript.TestScript, _ bool, args []string) {
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer file.Close()
	w := zip.NewWriter(file)
	for _, name := range args[1:] {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o755) // Lambda only runs executable files
		member, err := w.CreateHeader(header)
		ts.Check(err)
		_, err = member.Write([]byte(ts.ReadFile(name)))
		ts.Check(err)
	}
	ts.Check(w.Close())
}

func scriptEnforce(ts *testscript.TestScript, _ bool, _ []string) {
	resp, err := http.Post(ts.Getenv("AWS_ENDPOINT_URL")+"/moto-api/reset-auth", "text/plain", strings.NewReader("0"))
	ts.Check(err)
	ts.Check(resp.Body.Close())
}
