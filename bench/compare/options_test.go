package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-rounds", "7", "-time", "1s", "-workloads", "W1,nine", "-function", "node=node loop.js", "targets"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds.N != 7 || o.rounds.Time != time.Second || len(o.workloads) != 2 || o.others[0].Command[1] != "loop.js" {
		t.Errorf("%+v", o.rounds)
	}
	if !o.wants("targets") || o.wants("functions") {
		t.Error("other tables than the one asked for")
	}
	if o.names = nil; !o.wants("functions") || o.wants("types") || o.wants("memory") {
		t.Error("without names all tables but types and memory are printed")
	}
}

func TestParseRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		`unknown table "cost"`:  {"cost"},
		`no workload "W9"`:      {"-workloads", "W9"},
		"is not name=command":   {"-function", "node"},
		"must be at least 1":    {"-rounds", "0"},
		flag.ErrHelp.Error():    {"-h"},
		"flag provided but not": {"-nothing"},
	} {
		var log strings.Builder
		if _, err := parse(args, &log); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v", args, err)
		} else if errors.Is(err, flag.ErrHelp) && !strings.Contains(log.String(), "functions, start") {
			t.Errorf("the help names no tables: %s", log.String())
		}
	}
}

func TestReplaceNeedsAPlace(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("<!-- start -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(page, "start", "x"); err == nil || !strings.Contains(err.Error(), "end of start") {
		t.Errorf("%v", err)
	}
	if err := replace(page+"x", "start", "x"); err == nil {
		t.Error("a page that is not there is no error")
	}
}

func TestFigures(t *testing.T) {
	for want, got := range map[string]string{
		"–": digits(0), "1.23": digits(1.2345), "12.3": digits(12.345), "123": digits(123.45), "12346": digits(12345.6),
		"1.50": ms(1500 * time.Microsecond), "0.25": ratio(1, 4), "1.5": mb(1_500_000),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if ratio(1, 0) != none || ratio(0, 1) != none {
		t.Error("a ratio of nothing")
	}
}
