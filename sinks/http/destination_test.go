package http

import (
	"fmt"
	"strings"
	"testing"

	"fanout/sinks"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{ // URL
		"https://hooks.example.com":                    "https://hooks.example.com/",
		"https://Hooks.Example.com/Orders?key=s3cr3t":  "https://hooks.example.com/Orders?key=s3cr3t",
		"http://127.0.0.1:8080/a%2Fb":                  "http://127.0.0.1:8080/a%2Fb",
		"https://[2001:db8::1]:8443/":                  "https://[2001:db8::1]:8443/",
		"https://abc.lambda-url.eu-west-1.on.aws/?a=b": "https://abc.lambda-url.eu-west-1.on.aws/?a=b",
	} {
		d, err := Parse(text)
		if err != nil || d.URL() != want || strings.Contains(fmt.Sprintf("%v %+v %#v", d, d, d), "s3cr3t") || d.Host == "" {
			t.Errorf("%s: %s, %v", text, d.URL(), err)
		}
	}
	for text, want := range map[string]string{
		"": "is not the URL", "example.com": "is not the URL", "ftp://example.com": "is not the URL", "https://": "is not the URL", "https:example.com": "is not the URL",
		"https://me:s3cr3t@example.com/": "write auth: basic", "https://me@example.com/": "write auth: basic",
		"https://example.com/#s3cr3t": "behind #", "https://example.com/#": "behind #",
		"https://example.com/${.id}": "has a place", "https://example.com:s3cr3t/": "is not the URL", "https://exa mple.com/": "is not the URL",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

// FuzzParse asserts that a URL is read again as itself, that New takes it, and that no form of
// printing shows more than the host.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"https://a.example.com/x?y#z", "http://[::1]:1/", "https://u:p@h/", "https://h/%zz", "https://h/${.a}", "https://é.example.com"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(d.URL()); err != nil || again != d {
			t.Errorf("%q became %q and then %q (%v)", text, d.URL(), again.URL(), err)
		}
		if d.String() != d.Host {
			t.Errorf("%q prints as %s", text, d)
		}
		if s, err := New(d.URL(), Options{}); err != nil {
			t.Errorf("%q: %v", text, err)
		} else if s.Close() != nil {
			t.Error("it does not close")
		}
	})
}

func TestParseHeaders(t *testing.T) {
	h, err := parseHeaders(`{"X-Tenant":"7","content-type":"text/plain; charset=utf-8"}`)
	if err != nil || h.Get("X-Tenant") != "7" || h.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%v, %v", h, err)
	}
	for text, want := range map[string]string{
		`[]`: "no object of strings", `null`: "no object of strings", `{"a":7}`: "no object of strings",
		`{"":"x"}`: "no name of a header", `{"a b":"x"}`: "no name of a header", `{"a:":"x"}`: "no name of a header", `{"é":"x"}`: "no name of a header",
		`{"Authorization":"s3cr3t"}`: "write auth and secret", `{"webhook-id":"x"}`: "fanout makes it", `{"X-AMZ-Date":"x"}`: "auth sigv4 sets it", `{"host":"x"}`: "belongs to the connection",
		`{"transfer-encoding":"x"}`: "belongs to the connection", `{"content-encoding":"br"}`: "compress sets it", `{"x-amzn-trace-id":"x"}`: "FANOUT_TRACING",
		`{"X-A":"1","x-a":"2"}`: "is there twice", `{"X":"${.id}"}`: "has a place", `{"X":""}`: "is empty", `{"X":"s3cr3t\r\nY: z"}`: "visible ASCII", `{"X":" s3cr3t"}`: "visible ASCII", `{"X":"é"}`: "visible ASCII",
		`{"X":"` + strings.Repeat("x", maxHeaders) + `"}`: "write shorter ones",
	} {
		if _, err := parseHeaders(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

func TestSigning(t *testing.T) {
	for host, want := range map[string]string{
		"abc.execute-api.eu-west-1.amazonaws.com": "execute-api eu-west-1", "abc.execute-api.cn-north-1.amazonaws.com.cn": "execute-api cn-north-1",
		"abc-vpce-123.execute-api.eu-west-1.amazonaws.com": "execute-api eu-west-1", "abc.lambda-url.us-east-2.on.aws": "lambda us-east-2",
		"api.example.com": "execute-api ", "s3.eu-west-1.amazonaws.com": " ", "execute-api.amazonaws.com": " ", "abc.lambda-url.on.aws": " ",
	} {
		if service, region := signingOf(host); service+" "+region != want {
			t.Errorf("%s: %s %s; want %s", host, service, region, want)
		}
	}
}

func TestRights(t *testing.T) {
	at := sinks.Place{Partition: "aws", Region: "eu-west-1", Account: "123456789012"}
	for _, tt := range []struct{ url, auth, region, want string }{
		{"https://hooks.example.com/", "", "", ""},
		{"https://abc.execute-api.us-east-1.amazonaws.com/prod/orders/new", sinks.AuthSigV4, "", "execute-api:Invoke arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/orders/new"},
		{"https://abc.execute-api.us-east-1.amazonaws.com/prod/*", sinks.AuthSigV4, "", "execute-api:Invoke arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/${*}"},
		{"https://abc.execute-api.us-east-1.amazonaws.com/", sinks.AuthSigV4, "", "execute-api:Invoke arn:aws:execute-api:us-east-1:123456789012:abc/*"},
		{"https://api.example.com/orders", sinks.AuthSigV4, "eu-central-1", "execute-api:Invoke arn:aws:execute-api:eu-central-1:123456789012:*/*/POST/*"},
		{"https://abc.lambda-url.eu-west-1.on.aws/", sinks.AuthSigV4, "", "lambda:InvokeFunctionUrl arn:aws:lambda:eu-west-1:123456789012:function:*"},
	} {
		d, err := Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		s := &sinks.Spec{Type: Type, Destination: d, Auth: tt.auth, Region: tt.region}
		check(s, make(found))
		got := ""
		all, err := rights(at, s)
		for _, r := range all {
			got += r.Actions[0] + " " + r.Resource
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v", tt.url, got, err)
		}
	}
}

// found has findings by attribute: faults, and warnings behind a question mark.
type found map[string]string

func (f found) Fault(attribute, format string, args ...any) {
	f[attribute] = fmt.Sprintf(format, args...)
}
func (f found) Warn(attribute, format string, args ...any) {
	f[attribute+"?"] = fmt.Sprintf(format, args...)
}
func (f found) HasFault(attribute string) bool { return f[attribute] != "" }

func TestCheck(t *testing.T) {
	const secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook"
	for _, tt := range []struct {
		name string
		url  string
		spec sinks.Spec
		want found
	}{
		{"nothing", "https://h.example.com/", sinks.Spec{}, found{}},
		{"a secret", "https://h.example.com/", sinks.Spec{Auth: sinks.AuthBearer, Secret: secret}, found{}},
		{"no secret", "https://h.example.com/", sinks.Spec{Auth: sinks.AuthOAuth2}, found{"secret": "auth oauth2 reads the client's id and secret"}},
		{"a secret too much", "https://h.example.com/", sinks.Spec{Secret: secret}, found{"secret?": "has no effect without auth"}},
		{"no TLS", "http://h.example.com/", sinks.Spec{}, found{"destination?": "write https://"}},
		{"this machine", "http://localhost:8080/", sinks.Spec{}, found{"destination?": "FANOUT_HTTP_PRIVATE is allow"}},
		{"a network", "https://10.0.0.1/", sinks.Spec{}, found{"destination?": "FANOUT_HTTP_PRIVATE is allow"}},
		{"metadata", "http://169.254.169.254/", sinks.Spec{}, found{"destination?": "FANOUT_HTTP_PRIVATE is allow"}},
		{"role and region", "https://h.example.com/", sinks.Spec{Role: "arn", Region: "eu-west-1"}, found{"role?": "without auth sigv4", "region?": "without auth sigv4"}},
		{"sigv4", "https://a.execute-api.eu-west-1.amazonaws.com/prod", sinks.Spec{Auth: sinks.AuthSigV4, Role: "arn"}, found{}},
		{"sigv4 elsewhere", "https://a.execute-api.eu-west-1.amazonaws.com/prod", sinks.Spec{Auth: sinks.AuthSigV4, Region: "us-east-1"}, found{"region?": "the destination is in eu-west-1"}},
		{"sigv4 of another service", "https://sqs.eu-west-1.amazonaws.com/", sinks.Spec{Auth: sinks.AuthSigV4}, found{"auth": "works on API Gateway"}},
		{"hmac and compress", "https://h.example.com/", sinks.Spec{Auth: sinks.AuthHMAC, Secret: secret, Compress: "gzip"}, found{"compress?": "before it decompresses"}},
		{"headers", "https://h.example.com/", sinks.Spec{Headers: `{"Host":"x"}`}, found{"headers": "Host cannot be set"}},
	} {
		d, err := Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		tt.spec.Type, tt.spec.Destination = Type, d
		got := make(found)
		check(&tt.spec, got)
		for name, want := range tt.want {
			if !strings.Contains(got[name], want) {
				t.Errorf("%s: %s: %q; want %s", tt.name, name, got[name], want)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
