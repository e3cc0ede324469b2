package lambda

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
)

// vault is a Secrets Manager with one secret.
type vault struct {
	mu    sync.Mutex
	text  string
	err   error
	reads int
	slow  time.Duration
}

func (v *vault) GetSecretValue(ctx context.Context, _ string) (string, error) {
	select {
	case <-time.After(v.slow):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reads++
	return v.text, v.err
}

func TestSecretForms(t *testing.T) {
	for text, want := range map[string]login{
		`{"username":"fan","password":"out"}`:             {"fan", "out"},
		`{"password":"out","engine":"redis","port":6379}`: {"", "out"},
		`just a password`: {"", "just a password"},
	} {
		s := &secret{client: &vault{text: text}, arn: "arn", valid: isLogin}
		if user, password, err := s.credentials(t.Context()); err != nil || user != want.User || password != want.Password {
			t.Errorf("%s: %q, %q, %v", text, user, password, err)
		}
	}
	for _, text := range []string{"", `{"user":"hidden"}`, `{"password":7,"x":"hidden"}`, `{hidden`} {
		s := &secret{client: &vault{text: text}, arn: "arn:x", valid: isLogin}
		_, _, err := s.credentials(t.Context())
		if err == nil || engine.ClassOf(err) != engine.Permanent || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "arn:x") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSecretIsReadOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{text: "one", slow: time.Second}
		s := &secret{client: v, arn: "arn", valid: isLogin}
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i == 0 {
					time.AfterFunc(time.Millisecond, cancel) // it gives up, and the others do not fail with it
				}
				if _, password, err := s.credentials(ctx); (err != nil) != (i == 0) || err == nil && password != "one" {
					t.Errorf("%d: %q, %v", i, password, err)
				}
			})
		}
		wg.Wait()
		v.text = "two"
		if _, password, _ := s.credentials(t.Context()); password != "one" || v.reads != 1 {
			t.Errorf("%q after %d reads; want the first, kept", password, v.reads)
		}
		time.Sleep(secretTTL)
		if _, password, _ := s.credentials(t.Context()); password != "two" || v.reads != 2 {
			t.Errorf("%q after %d reads; want the second", password, v.reads)
		}
	})
}

func TestSecretThatCannotBeRead(t *testing.T) {
	v := &vault{err: errors.New("no")}
	s := &secret{client: v, arn: "arn:x", valid: isLogin}
	for range 2 {
		if _, _, err := s.credentials(t.Context()); err == nil || !strings.Contains(err.Error(), "arn:x") {
			t.Errorf("%v", err)
		}
	}
	if v.reads != 2 {
		t.Errorf("%d reads; a failure must not be kept", v.reads)
	}
}

// FuzzLogin asserts that the error of a secret shows none of it, and that a login has a
// password.
func FuzzLogin(f *testing.F) {
	for _, text := range []string{"", "password", `{"username":"u","password":"p"}`, `{"password":7}`, `{"password":""}`, `{`, `{"password":"p"} x`, "\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLogin(text)
		if (err == nil) != (l.Password != "") {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
		if len(text) > 3 && err != nil && strings.Contains(err.Error(), text) && !strings.Contains("it is binary or empty; store JSON with username and password, or the password as text", text) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
