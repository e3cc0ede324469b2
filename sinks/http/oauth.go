package http

import (
	"context"
	"encoding/json"
	"io"
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"fanout/engine"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/request"
)

// tokens gets access tokens with the client credentials grant (RFC 6749, section 4.4). It
// keeps a token until shortly before its end.
type tokens struct {
	client *nethttp.Client
	name   string
	read   func(context.Context) (*Secret, error)

	turn chan struct{} // holds a value while a goroutine gets a token

	mu    sync.Mutex
	token token
}

// token is an access token.
type token struct {
	text    string
	until   time.Time // when it is renewed
	refused bool      // it replaced a token that the target refused, and was not accepted yet
}

func newTokens(client *nethttp.Client, name string, read func(context.Context) (*Secret, error)) *tokens {
	return &tokens{client: client, name: name, read: read, turn: make(chan struct{}, 1)}
}

const (
	// tokenMargin is how long before its end a token is renewed: longer than a request.
	tokenMargin = time.Minute

	// tokenTime is how long a token is kept whose answer does not say how long it is valid.
	tokenTime = 5 * time.Minute

	// maxToken bounds the answer with a token, in bytes.
	maxToken = 64 << 10
)

// authorize implements authorizer.
func (t *tokens) authorize(r *nethttp.Request, _ *request.Content) error {
	select {
	case t.turn <- struct{}{}:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	defer func() { <-t.turn }()
	text, ok := t.valid()
	if !ok {
		fresh, err := t.fetch(r.Context())
		if err != nil {
			return err
		}
		t.keep(fresh)
		text = fresh.text
	}
	r.Header.Set("Authorization", "Bearer "+text)
	return nil
}

// valid returns the token, and whether it need not be renewed.
func (t *tokens) valid() (text string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token.text, t.token.text != "" && time.Now().Before(t.token.until)
}

// keep replaces the token.
func (t *tokens) keep(fresh token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh.refused = t.token.refused
	t.token = fresh
}

// judge reports true once after each token that was accepted before.
func (t *tokens) judge(r *nethttp.Request, status int) (again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	current := r.Header.Get("Authorization") == "Bearer "+t.token.text
	switch {
	case status != nethttp.StatusUnauthorized:
		t.token.refused = t.token.refused && !current
		return false
	case !current: // another request has got a new one since
		return true
	}
	again = !t.token.refused
	t.token = token{refused: true}
	return again
}

// fetch gets a new token.
func (t *tokens) fetch(ctx context.Context) (token, error) {
	s, err := t.read(ctx)
	if err != nil {
		return token{}, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	for name, value := range map[string]string{"scope": s.Scope, "audience": s.Audience} {
		if value != "" {
			form.Set(name, value)
		}
	}
	if s.ClientAuth == inBody {
		form.Set("client_id", s.ClientID)
		form.Set("client_secret", s.ClientSecret)
	}
	req, err := nethttp.NewRequestWithContext(ctx, nethttp.MethodPost, s.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return token{}, engine.Errorf(engine.Permanent, "the tokenUrl of the secret is invalid")
	}
	if s.ClientAuth != inBody {
		req.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(s.ClientSecret)) // RFC 6749, section 2.3.1
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	began := time.Now()
	resp, err := t.client.Do(req) //nolint:bodyclose // finish closes it
	if err != nil {
		return token{}, classify.Error("the token server "+req.URL.Host, err)
	}
	defer finish(resp.Body)
	return readToken(resp, req.URL.Host, began)
}

// readToken reads the answer of a token server to a request that began at a time (RFC 6749,
// section 5).
func readToken(resp *nethttp.Response, host string, began time.Time) (token, error) {
	var answer struct {
		Token   string      `json:"access_token"`
		Expires json.Number `json:"expires_in"`
		Error   string      `json:"error"`
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxToken))
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if resp.StatusCode != nethttp.StatusOK {
		class := engine.Permanent
		if v, known := verdictOf(resp.StatusCode); known {
			class = v.Class
		}
		refused := classify.Sentence(class, "the token server "+host, "HTTP status "+statusText(resp.StatusCode), known(answer.Error), "check the secret")
		refused.After = classify.RetryAfter(resp.Header, time.Now())
		return token{}, refused
	}
	if err != nil || !isFieldValue(answer.Token) {
		return token{}, engine.Errorf(engine.Retryable, "the token server %s answered with no token; check tokenUrl in the secret", host)
	}
	valid := tokenTime
	if seconds, err := answer.Expires.Int64(); err == nil && seconds > 0 {
		valid = time.Duration(min(seconds, 86400)) * time.Second
		valid -= min(tokenMargin, valid/2)
	}
	return token{text: answer.Token, until: began.Add(valid)}, nil
}

// known returns an error code of RFC 6749, section 5.2, or "" for other text, which may
// repeat the secret.
func known(code string) string {
	codes := []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
	if slices.Contains(codes, code) {
		return code
	}
	return ""
}
