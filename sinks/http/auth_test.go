package http

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	nethttp "net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/ids"
)

func TestParseSecret(t *testing.T) {
	const key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // 24 bytes
	long := base64.StdEncoding.EncodeToString(make([]byte, 65))
	for _, tt := range []struct{ auth, text, fault string }{
		{sinks.AuthBearer, `{"token":"abc","more":"x"}`, ""},
		{sinks.AuthBearer, `{"token":""}`, `no member "token"`},
		{sinks.AuthBearer, `{"token":"hidden\nX: y"}`, "characters that a header cannot have"},
		{sinks.AuthBearer, `hidden`, "no JSON object of strings"},
		{sinks.AuthBearer, `{"token":7,"hidden":""}`, "no JSON object of strings"},
		{sinks.AuthBearer, ``, "no JSON object of strings"},
		{sinks.AuthBasic, `{"username":"u","password":"hidden"}`, ""},
		{sinks.AuthBasic, `{"password":"hidden"}`, ""},
		{sinks.AuthBasic, `{"username":"u"}`, `no member "password"`},
		{sinks.AuthBasic, `{"username":"u:hidden","password":"x"}`, "has a colon"},
		{sinks.AuthOAuth2, `{"tokenUrl":"https://a.example.com/token","clientId":"i","clientSecret":"hidden"}`, ""},
		{sinks.AuthOAuth2, `{"tokenUrl":"http://127.0.0.1:9/token","clientId":"i","clientSecret":"hidden","clientAuth":"body"}`, ""},
		{sinks.AuthOAuth2, `{"tokenUrl":"http://a.example.com/token","clientId":"i","clientSecret":"hidden"}`, "is not an https URL"},
		{sinks.AuthOAuth2, `{"tokenUrl":"https://u:hidden@a.example.com/","clientId":"i","clientSecret":"x"}`, "is not an https URL"},
		{sinks.AuthOAuth2, `{"tokenUrl":"https://a.example.com/","clientSecret":"hidden"}`, `no member "clientId"`},
		{sinks.AuthOAuth2, `{"tokenUrl":"https://a.example.com/","clientId":"i","clientSecret":"hidden","clientAuth":"hidden"}`, `neither "header" nor "body"`},
		{sinks.AuthHMAC, `{"key":"whsec_` + key + `"}`, ""},
		{sinks.AuthHMAC, `{"key":"` + key + `"}`, `no "key" of the right form`},
		{sinks.AuthHMAC, `{"key":"whsec_hidden"}`, `no "key" of the right form`},
		{sinks.AuthHMAC, `{"key":"whsec_` + long + `"}`, `no "key" of the right form`},
		{sinks.AuthSigV4, `{}`, "takes no secret"},
		{"", `{}`, "takes no secret"},
	} {
		s, err := ParseSecret(tt.auth, tt.text)
		if (err == nil) != (tt.fault == "") || err != nil && (!strings.Contains(err.Error(), tt.fault) || strings.Contains(err.Error(), "hidden")) || (s != nil) != (err == nil) {
			t.Errorf("%s %s: %v", tt.auth, tt.text, err)
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	for _, text := range []string{`{"token":"t"}`, webhookSecret, `{"tokenUrl":"https://x","clientId":"a","clientSecret":"b"}`, "{", "\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, auth := range []string{sinks.AuthBearer, sinks.AuthBasic, sinks.AuthOAuth2, sinks.AuthHMAC} {
			s, err := ParseSecret(auth, text)
			if (s == nil) == (err == nil) {
				t.Errorf("%s: %v, %v", auth, s, err)
			}
			if err == nil && auth == sinks.AuthBearer && strings.ContainsAny(s.Token, "\r\n\x00") {
				t.Errorf("the token %q breaks the header", s.Token)
			}
		}
	})
}

// The signature is the one that the receiver of Standard Webhooks computes.
func TestWebhookSignature(t *testing.T) {
	s := start(t)
	if err := send(t, openOn(t, s, withSecret(sinks.AuthHMAC, webhookSecret)), `{"test": 2432232314}`); err != nil {
		t.Fatal(err)
	}
	h := s.last()
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + string(s.accepted()[0])))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("webhook-signature") != want {
		t.Errorf("the signature is %s; want %s", h.Get("webhook-signature"), want)
	}
	at, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if age := time.Since(time.Unix(at, 0)); err != nil || age < 0 || age > time.Minute {
		t.Errorf("the time is %s", h.Get("webhook-timestamp"))
	}
}

// TestKnownSignature compares with the example of the Standard Webhooks libraries.
func TestKnownSignature(t *testing.T) {
	key, ok := signingKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if got, want := webhookSignature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", bytes.NewReader([]byte(`{"test": 2432232314}`))), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; !ok || got != want {
		t.Errorf("the signature is %s; want %s", got, want)
	}
}

// A secret that cannot be read fails the record with the class of its error.
func TestSecretFaults(t *testing.T) {
	s := start(t)
	for _, tt := range []struct {
		secret func(context.Context) (string, error)
		want   engine.Class
	}{
		{func(context.Context) (string, error) { return "", errors.New("no connection") }, engine.Retryable},
		{func(context.Context) (string, error) { return "", engine.Errorf(engine.Permanent, "no right") }, engine.Permanent},
		{fixed(`{"password":"hidden"}`), engine.Permanent},
	} {
		err := send(t, openOn(t, s, func(o *Options) { o.Auth, o.Secret = sinks.AuthBearer, tt.secret }), "{}")
		if err == nil || engine.ClassOf(err) != tt.want || strings.Contains(err.Error(), "hidden") || s.requests() != 0 {
			t.Errorf("%v of class %v", err, engine.ClassOf(err))
		}
	}
}

// The signature covers host, time and body, and no header that a proxy changes.
func TestSigV4(t *testing.T) {
	s := start(t)
	for service, change := range map[string]func(*Options){
		executeAPI: signed,
		lambdaURL: func(o *Options) {
			signed(o)
			o.Signing = lambdaURL
		},
	} {
		if err := send(t, openOn(t, s, change), "{}"); err != nil {
			t.Fatal(err)
		}
		h := s.last()
		got := h.Get("Authorization")
		at, err := time.Parse("20060102T150405Z", h.Get("X-Amz-Date"))
		if err != nil || !strings.Contains(got, "/eu-west-1/"+service+"/aws4_request") || strings.Contains(got, "accept-encoding") || h.Get("X-Amz-Security-Token") != "session" {
			t.Errorf("%s: the request has %v", service, h)
		}
		again, err := nethttp.NewRequestWithContext(t.Context(), nethttp.MethodPost, s.URL+"/hook?x=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		again.ContentLength = 2
		for _, name := range []string{"Content-Type", "Idempotency-Key", "Webhook-Id"} {
			again.Header.Set(name, h.Get(name))
		}
		creds := aws.Credentials{AccessKeyID: "AKIAMADEUP", SecretAccessKey: "made up", SessionToken: "session"}
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, again, ids.Hash([]byte("{}")), service, "eu-west-1", at); err != nil || again.Header.Get("Authorization") != got {
			t.Errorf("%s: the signature is %s; want %s (%v)", service, got, again.Header.Get("Authorization"), err)
		}
	}
}

func TestSigV4WithoutCredentials(t *testing.T) {
	s := start(t)
	sink := openOn(t, s, func(o *Options) {
		signed(o)
		o.Credentials = aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("", "", ""))
	})
	if err := send(t, sink, "{}"); err == nil || s.requests() != 0 {
		t.Errorf("%v", err)
	}
}
