package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"fanout/engine"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
)

func TestRedisAuthentication(t *testing.T) {
	const secret = "s3cr:t/@ \r\n"
	var asked int
	tests := []struct {
		name  string
		setup func(*redisServer)
		url   string // with %s for the address
		c     cache.Options
		want  string // expected class
	}{
		{"none asked", func(*redisServer) {}, "redis://%s", cache.Options{}, ""},
		{"in the address", func(s *redisServer) { s.RequireUserAuth("user", secret) }, "redis://user:s3cr%%3At%%2F%%40%%20%%0D%%0A@%s/3", cache.Options{}, ""},
		{"of the default user", func(s *redisServer) { s.RequireAuth(secret) }, "redis://:s3cr%%3At%%2F%%40%%20%%0D%%0A@%s", cache.Options{}, ""},
		{"from a secret", func(s *redisServer) { s.RequireUserAuth("user", secret) }, "redis://%s", cache.Options{Credentials: sinktest.Known("user", secret)}, ""},
		{"user in the address, password from a secret", func(s *redisServer) { s.RequireUserAuth("user", secret) }, "redis://user@%s", cache.Options{Credentials: sinktest.Known("", secret)}, ""},
		{"user from a secret, password in the address", func(s *redisServer) { s.RequireUserAuth("user", "pw") }, "redis://:pw@%s", cache.Options{Credentials: sinktest.Known("user", "")}, ""},
		{"missing", func(s *redisServer) { s.RequireAuth(secret) }, "redis://%s", cache.Options{}, "permanent"},
		{"wrong", func(s *redisServer) { s.RequireUserAuth("user", secret) }, "redis://user:wr0ng@%s", cache.Options{}, "permanent"},
		{"wrong in a cluster", func(s *redisServer) { s.RequireUserAuth("user", secret) }, "redis://%s", cache.Options{Cluster: true, Credentials: sinktest.Known("user", "wr0ng")}, "permanent"},
		{"not to be had", func(*redisServer) {}, "redis://%s", cache.Options{Credentials: func(context.Context) (string, string, error) {
			asked++
			return "", "", engine.Errorf(engine.Throttled, "later")
		}}, "throttled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startRedis(t)
			tt.setup(s)
			r := openRedis(t, fmt.Sprintf(tt.url, s.Addr()), tt.c)
			o := r.Send(t.Context(), append(sinktest.Numbered(1), sinktest.Removal("a")))
			if diff := cmp.Diff([]string{tt.want, tt.want}, sinktest.Failures(o, 2)); diff != "" {
				t.Errorf("(-want +got)\n%s%v", diff, o.Err(0))
			}
			if err := o.Err(0); err != nil && (strings.Contains(err.Error(), "s3cr") || strings.Contains(err.Error(), "wr0ng")) {
				t.Errorf("the error has the password: %v", err)
			}
			if strings.Contains(fmt.Sprint(r), "s3cr") {
				t.Errorf("the name has the password: %v", r)
			}
		})
	}
	if asked != 1 {
		t.Errorf("one attempt asked %d times for the secret", asked)
	}
}

// TestRedisRotation asserts that the next connection uses a rotated password.
func TestRedisRotation(t *testing.T) {
	s := startRedis(t)
	s.RequireAuth("old")
	password := "old"
	r := openRedis(t, "redis://"+s.Addr(), cache.Options{Credentials: func(context.Context) (string, string, error) { return "", password, nil }})
	if o := r.Send(t.Context(), sinktest.Numbered(1)); !o.OK() {
		t.Fatal(o.Err(0))
	}
	s.Close()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	s.RequireAuth("new")
	password = "new"
	sinktest.AllDelivered(t, sinktest.Persistent(t, r, false), sinktest.Numbered(1))
}

func TestRedisTLS(t *testing.T) {
	forServer, forClient := sinktest.Certificates(t)
	s := &redisServer{Miniredis: miniredis.NewMiniRedis()}
	if err := s.StartTLS(forServer); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.hook()
	s.RequireUserAuth("user", "pw")
	for name, cluster := range map[string]bool{"server": false, "cluster": true} {
		t.Run(name, func(t *testing.T) {
			r := openRedis(t, "rediss://user:pw@"+s.Addr(), cache.Options{TLS: forClient, Cluster: cluster})
			if o := r.Send(t.Context(), sinktest.Numbered(3)); !o.OK() {
				t.Error(o.Err(0))
			}
			r = openRedis(t, "rediss://user:pw@"+s.Addr(), cache.Options{Cluster: cluster})
			if o := r.Send(t.Context(), sinktest.Numbered(1)); o.OK() {
				t.Error("a server that nobody vouches for was trusted")
			}
		})
	}
}

// TestRedisDiesAndComesBack asserts that a restart of the server loses no record, in
// order or not.
func TestRedisDiesAndComesBack(t *testing.T) {
	for name, tt := range map[string]struct{ cluster, ordered bool }{
		"server":          {false, false},
		"server in order": {false, true},
		"cluster":         {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := startRedis(t)
			dead := make(chan struct{})
			var once sync.Once
			s.onWrite(func(n int, _ []string) string {
				if n < 700 {
					return ""
				}
				once.Do(func() { close(dead) })
				return drop
			})
			back := make(chan error, 1)
			go func() {
				<-dead
				s.Close()
				s.onWrite(nil)
				err := s.Restart()
				s.hook()
				back <- err
			}()
			r := openRedis(t, "redis://"+s.Addr(), cache.Options{Cluster: tt.cluster})
			recs := sinktest.Numbered(3000)
			sinktest.AllDelivered(t, sinktest.Persistent(t, r, tt.ordered), recs)
			if err := <-back; err != nil {
				t.Fatal(err)
			}
			for _, rec := range recs {
				if got, err := s.Get(rec.Key); err != nil || got != string(rec.Data.Bytes()) {
					t.Fatalf("key %s has %q, %v", rec.Key, got, err)
				}
			}
		})
	}
}

func TestRedisCloseTwice(t *testing.T) {
	r, err := New("redis://h:1", cache.Options{Cluster: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if o := r.Send(t.Context(), sinktest.Numbered(1)); o.OK() {
		t.Error("a closed sink delivers")
	}
	if err := r.Close(); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
