//go:build integration

package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
)

// toCache delivers many records to a cache, several of them with the same key, and
// returns the expected content of the cache.
func toCache(t *testing.T, env []string, cache target) map[string]string {
	t.Helper()
	stream := arnOf("kinesis", "stream/orders")
	puts, want := orders(t, 0, 500)
	cache["deaggregate"], cache["parallel"] = true, false
	fanoutIn(t, env, "run", "--targets", targetsFile(t, stream, cache), "--event", kinesisEvent(t, stream, puts...))
	return want.latest
}

// certificate makes a self-signed certificate for 127.0.0.1, and returns the files with
// it and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	secret := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret))(t)
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der),
		write("key.pem", "EC PRIVATE KEY", must(x509.MarshalECPrivateKey(secret))(t))
}

func TestRedisTLSAndPassword(t *testing.T) {
	cert, key := certificate(t)
	addr := freeAddr()
	_, port, _ := net.SplitHostPort(addr)
	users := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(users, []byte("user default off\nuser app on >s3cret ~* &* +@all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, addr, "redis-server", "--bind", "127.0.0.1", "--port", "0", "--tls-port", port,
		"--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no",
		"--dir", t.TempDir(), "--save", "", "--aclfile", users)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(cert))(t))
	trust := []string{"SSL_CERT_FILE=" + cert}
	read := func() map[string]string {
		c := dialRedis(t, addr, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
		c.do(t, "AUTH", "app", "s3cret")
		defer c.do(t, "FLUSHALL")
		return c.data(t)
	}

	want := toCache(t, trust, target{"type": "redis", "destination": "rediss://app:s3cret@" + addr})
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Error("password in the URL:", diff)
	}

	s := connect(t)
	secret := must(s.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("cache"), SecretString: aws.String(`{"username":"app","password":"s3cret"}`),
	}))(t)
	want = toCache(t, trust, target{"type": "redis", "destination": "rediss://" + addr, "secret": *secret.ARN})
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Error("password in Secrets Manager:", diff)
	}

	for why, c := range map[string]struct {
		env []string
		url string
	}{
		"wrong password":        {trust, "rediss://app:wr0ng@" + addr},
		"no password":           {trust, "rediss://" + addr},
		"unknown certificate":   {nil, "rediss://app:s3cret@" + addr},
		"TLS server without it": {trust, "redis://app:s3cret@" + addr},
	} {
		stream := arnOf("kinesis", "stream/orders")
		file := targetsFile(t, stream, target{"type": "redis", "destination": c.url})
		r, log, err := run(t, c.env, "run", "--timeout", "10s", "--targets", file, "--event", kinesisEvent(t, stream, put{"key", "data"}))
		if err == nil || len(r.Targets) != 1 || r.Targets[0].Failed != 1 {
			t.Errorf("%s: error %v, report %+v\n%s", why, err, r, log)
		}
		noSecret(t, log)
		if held := read(); len(held) > 0 {
			t.Errorf("%s: redis holds %v", why, held)
		}
	}
}

func TestRedisCluster(t *testing.T) {
	nodes := startRedisCluster(t)
	want := toCache(t, nil, target{"type": "redis", "destination": nodes[0].addr})
	got := make(map[string]string)
	for _, n := range nodes {
		data := dialRedis(t, n.addr, nil).data(t)
		if len(data) == 0 {
			t.Errorf("the node %s holds nothing", n.addr)
		}
		maps.Copy(got, data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestMemcachedDiscovery asserts that two nodes behind a configuration endpoint share the
// keys.
func TestMemcachedDiscovery(t *testing.T) {
	nodes := []*server{startMemcached(t), startMemcached(t)}
	want := toCache(t, nil, target{"type": "memcached", "destination": startConfiguration(t, nodes...)})
	got := make(map[string]string)
	for _, n := range nodes {
		data := memcachedData(t, n.addr)
		if len(data) < len(want)/4 {
			t.Errorf("the node %s holds %d of %d items", n.addr, len(data), len(want))
		}
		maps.Copy(got, data)
	}
	if diff := cmp.Diff(memcachedKeys(want), got); diff != "" {
		t.Error(diff)
	}
}

// TestTimeToLive asserts that the server applies a target's ttl.
func TestTimeToLive(t *testing.T) {
	redis, memcached := startRedis(t), startMemcached(t)
	stream := arnOf("kinesis", "stream/orders")
	file := targetsFile(t, stream,
		target{"type": "redis", "destination": redis.addr, "ttl": 3600},
		target{"type": "memcached", "destination": memcached.addr, "ttl": 3600})
	fanout(t, "run", "--targets", file, "--event", kinesisEvent(t, stream, put{"key", "data"}))
	if ttl := dialRedis(t, redis.addr, nil).do(t, "TTL", "key").(int64); ttl < 3000 || ttl > 3600 {
		t.Errorf("redis keeps the key for %d seconds", ttl)
	}
	c := dialMemcached(t, memcached.addr)
	must(io.WriteString(c, "mg key t\r\n"))(t)
	var ttl int
	if line := c.line(t); must(fmt.Sscanf(line, "HD t%d", &ttl))(t) != 1 || ttl < 3000 || ttl > 3600 {
		t.Errorf("memcached says of the key %s", line)
	}
}

// noSecret asserts that a log contains no password.
func noSecret(t *testing.T, log string) {
	t.Helper()
	for _, secret := range []string{"s3cret", "wr0ng"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows a password: %s", log)
		}
	}
}
