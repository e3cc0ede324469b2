package stack

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
)

// packages answers with the package of the version at the end of the path.
type packages struct {
	f      *fake
	broken bool
}

// Do implements aws.HTTPClient.
func (p packages) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	for _, v := range p.f.published {
		if strings.HasSuffix(r.URL.Path, "/"+*v.Version) {
			archive := p.f.code[*v.CodeSha256]
			if p.broken {
				archive = []byte(strings.ToUpper(string(archive)))
			}
			_, _ = w.Write(archive)
			return w.Result(), nil
		}
	}
	w.WriteHeader(http.StatusForbidden)
	return w.Result(), nil
}

func withCode(text string) Settings {
	set := settings()
	set.Package = func(string) (code.Package, error) { return code.Package(text), nil }
	return set
}

// deployVersion deploys, or rolls back if text is "", and returns the outcome of the
// function.
func deployVersion(t *testing.T, f *fake, text string) (outcome cloud.Outcome, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := f.stack()
		s.HTTP = packages{f: f}
		set := withCode(text)
		if set.Rollback = text == ""; set.Rollback {
			set.Package = nil
		}
		var d Deployed
		if d, err = s.Deploy(t.Context(), set); err == nil {
			outcome = d.Resources[len(d.Resources)-1].Outcome
		}
	})
	return outcome, err
}

// Deploy publishes the code that it replaces, and only then. A rollback brings the code of
// the version before back, and a second one undoes it.
func TestRollback(t *testing.T) {
	f := newFake()
	f.location = "https://code.example/"
	for _, step := range []struct {
		deploy   string // the code; "": roll back
		want     string // code in the function
		versions int
		outcome  cloud.Outcome
	}{
		{"one", "one", 0, cloud.Created},
		{"one", "one", 0, cloud.Unchanged},
		{"two", "two", 1, cloud.Updated},
		{"", "one", 2, cloud.Updated},
		{"", "two", 3, cloud.Updated},
		{"three", "three", 4, cloud.Updated},
		{"", "two", 5, cloud.Updated},
	} {
		outcome, err := deployVersion(t, f, step.deploy)
		if err != nil {
			t.Fatalf("%q: %v", step.deploy, err)
		}
		if got := string(f.code[*f.function.CodeSha256]); got != step.want || len(f.published) != step.versions || outcome != step.outcome {
			t.Errorf("%q: the code is %q, %d versions, %s; want %+v", step.deploy, got, len(f.published), outcome, step)
		}
	}
	// A setting is no reason for a version, and a rollback keeps it.
	before := len(f.published)
	set := withCode("two")
	set.Memory = 512
	if _, _, err := deploy(t, f, set); err != nil || len(f.published) != before {
		t.Errorf("%v, %d versions", err, len(f.published))
	}
	if _, err := deployVersion(t, f, ""); err != nil || *f.function.MemorySize != 512 {
		t.Errorf("%v, %d MB", err, *f.function.MemorySize)
	}
	// The code comes with its architecture.
	set.Architecture = types.ArchitectureX8664
	if _, _, err := deploy(t, f, set); err != nil || f.function.Architectures[0] != types.ArchitectureX8664 {
		t.Fatal(err)
	}
	if _, err := deployVersion(t, f, ""); err != nil || f.function.Architectures[0] != types.ArchitectureArm64 {
		t.Errorf("%v, %v", err, f.function.Architectures)
	}
}

// A rollback that cannot be made changes nothing, says why, and hides the signed address.
func TestRollbackRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*fake, *Stack)
		want   string
	}{
		{"no function", func(f *fake, _ *Stack) { f.function = nil }, `there is no function "orders"`},
		{"no version", func(f *fake, _ *Stack) { f.published = nil }, `the function "orders" has no version with other code, so there is nothing to go back to; fanout deploy publishes one before it replaces code`},
		{"same code", func(f *fake, _ *Stack) { f.published[0].CodeSha256 = f.function.CodeSha256 }, `the function "orders" has no version with other code, `},
		{"another program", func(f *fake, _ *Stack) { f.function.Runtime, f.fnTags = types.RuntimeNodejs22x, nil }, `the function "orders" is not a fanout function, so deploy has no earlier version of it`},
		{"version of another program", func(f *fake, _ *Stack) { f.published[0].Runtime = types.RuntimeNodejs22x }, `the version before, 1, is another program with other settings (runtime nodejs22.x); to go back to it, run:`},
		{"no address", func(f *fake, _ *Stack) { f.location = "" }, `the code of the version 1 of the function "orders" cannot be downloaded: it has no address`},
		{"refused", func(f *fake, _ *Stack) { f.location = "https://code.example/secret/x" }, `the code of the version 1 of the function "orders" cannot be downloaded: code.example answers 403 Forbidden`},
		{"other bytes", func(f *fake, s *Stack) { s.HTTP = packages{f: f, broken: true} }, `the code of the version 1 of the function "orders" cannot be downloaded: its SHA-256 is not the version's`},
		{"fewer bytes", func(f *fake, _ *Stack) { f.published[0].CodeSize++ }, `the code of the version 1 of the function "orders" cannot be downloaded: code.example sent 3 bytes instead of 4`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.location = "https://code.example/secret/"
			for _, text := range []string{"one", "two"} {
				if _, err := deployVersion(t, f, text); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				s := f.stack()
				s.HTTP = packages{f: f}
				tt.change(f, s)
				f.writes = 0
				set := settings()
				set.Rollback = true
				_, err := s.Deploy(t.Context(), set)
				if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") || f.writes != 0 {
					t.Errorf("%v, want %s; %d writes", err, tt.want, f.writes)
				}
			})
		})
	}
}

// A dry run of a rollback shows the code, and publishes nothing.
func TestRollbackDryRun(t *testing.T) {
	f := newFake()
	f.location = "https://code.example/"
	for _, text := range []string{"one", "two"} {
		if _, err := deployVersion(t, f, text); err != nil {
			t.Fatal(err)
		}
	}
	f.writes = 0
	synctest.Test(t, func(t *testing.T) {
		s := f.stack()
		s.HTTP, s.DryRun = packages{f: f}, true
		set := settings()
		set.Rollback = true
		d, err := s.Deploy(t.Context(), set)
		if err != nil || f.writes != 0 {
			t.Fatalf("%v, %d writes", err, f.writes)
		}
		last := d.Resources[len(d.Resources)-1]
		want := cloud.Changed("code", "SHA-256 "+aws.ToString(f.function.CodeSha256), "SHA-256 "+code.Package("one").SHA256())
		if len(last.Changes) != 1 || last.Changes[0] != want || last.Outcome != "would be updated" {
			t.Errorf("%+v", last)
		}
	})
}
