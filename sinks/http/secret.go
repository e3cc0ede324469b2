package http

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"fanout/sinks"
)

// Secret has the members of a secret, a JSON object. The auth says which it needs.
type Secret struct {
	Token string `json:"token"` // bearer

	Username string `json:"username"` // basic
	Password string `json:"password"`

	// oauth2: the client credentials grant (RFC 6749, section 4.4).
	TokenURL     string `json:"tokenUrl"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	Scope        string `json:"scope"`      // "": none
	Audience     string `json:"audience"`   // of the token, which some servers ask for; "": none
	ClientAuth   string `json:"clientAuth"` // body: id and secret in the body of the request; "" or header: as basic auth

	// Key signs requests with auth hmac: whsec_ and 24 to 64 bytes in base64 (Standard
	// Webhooks, Symmetric signatures).
	Key string `json:"key"`
}

// form is the form of a secret for one auth.
type form struct {
	want  string // what the secret has, in a sentence
	like  string // an example
	fault func(*Secret) string
}

// formOf returns the form of the secret for an auth. It reports false for one without.
func formOf(auth string) (f form, ok bool) {
	switch auth {
	case sinks.AuthBearer:
		return form{"the token", `{"token": "…"}`, func(s *Secret) string { return faultOf(`"token"`, s.Token) }}, true
	case sinks.AuthBasic:
		return form{"user and password", `{"username": "…", "password": "…"}`, basicFault}, true
	case sinks.AuthOAuth2:
		return form{"the client's id and secret", `{"tokenUrl": "https://…", "clientId": "…", "clientSecret": "…", "scope": "…"}`, oauthFault}, true
	case sinks.AuthHMAC:
		return form{"the key", `{"key": "whsec_…"}, with 24 to 64 random bytes in base64 behind whsec_`, keyFault}, true
	}
	return form{}, false
}

// ParseSecret parses the text of a secret for an auth. Its error shows none of it.
func ParseSecret(auth, text string) (*Secret, error) {
	f, ok := formOf(auth)
	if !ok {
		return nil, fmt.Errorf("auth %s takes no secret; remove it", auth)
	}
	s := new(Secret)
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, errors.New("it is no JSON object of strings; store one like " + f.like)
	}
	if why := f.fault(s); why != "" {
		return nil, errors.New(why + "; store JSON like " + f.like)
	}
	return s, nil
}

// faultOf returns the fault of a member that a header has, or "".
func faultOf(name, value string) string {
	switch {
	case value == "":
		return "it has no member " + name
	case !isFieldValue(value) && name == `"token"`:
		return "its " + name + " has characters that a header cannot have"
	}
	return ""
}

func basicFault(s *Secret) string {
	if strings.Contains(s.Username, ":") {
		return `its "username" has a colon, which basic auth does not allow`
	}
	return faultOf(`"password"`, s.Password)
}

func keyFault(s *Secret) string {
	if _, ok := signingKey(s.Key); !ok {
		return `it has no "key" of the right form`
	}
	return ""
}

func oauthFault(s *Secret) string {
	for _, m := range []struct{ name, value string }{{`"tokenUrl"`, s.TokenURL}, {`"clientId"`, s.ClientID}, {`"clientSecret"`, s.ClientSecret}} {
		if why := faultOf(m.name, m.value); why != "" {
			return why
		}
	}
	u, err := url.Parse(s.TokenURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return `its "tokenUrl" is not an https URL`
	case s.ClientAuth != "" && s.ClientAuth != "header" && s.ClientAuth != inBody:
		return `its "clientAuth" is neither "header" nor "body"`
	}
	return ""
}

// inBody is the value of clientAuth for servers that take no basic auth.
const inBody = "body"

// isLoopback reports whether a host is the machine itself.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// signingKey returns the bytes of a key for auth hmac.
func signingKey(text string) ([]byte, bool) {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	return key, ok && err == nil && len(key) >= 24 && len(key) <= 64
}
