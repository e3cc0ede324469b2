package runtimeapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanout/internal/testing/runtimeapi"
)

func start(t *testing.T) *runtimeapi.Server {
	t.Helper()
	api, err := runtimeapi.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		api.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return api
}

// call makes one call to the runtime API and returns status, header and body.
func call(t *testing.T, api *runtimeapi.Server, method, path, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+api.Addr()+"/2018-06-01/runtime/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, http.Header{}, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

func TestInvoke(t *testing.T) {
	api, deadline := start(t), time.Now().Add(time.Minute)
	answers, errs := make(chan runtimeapi.Answer, 2), make(chan error, 2)
	invoke := func(event string) {
		a, err := api.Invoke(t.Context(), []byte(event), deadline)
		answers <- a
		errs <- err
	}

	go invoke(`{"n":1}`)
	_, header, event := call(t, api, "GET", "invocation/next", "")
	first := header.Get("Lambda-Runtime-Aws-Request-Id")
	if first == "" || event != `{"n":1}` || header.Get("Lambda-Runtime-Invoked-Function-Arn") != runtimeapi.FunctionARN ||
		header.Get("Lambda-Runtime-Deadline-Ms") != strconv.FormatInt(deadline.UnixMilli(), 10) {
		t.Errorf("got %s with %v", event, header)
	}
	if status, _, _ := call(t, api, "POST", "invocation/"+first+"/response", `"done"`); status != http.StatusAccepted {
		t.Errorf("the response got %d", status)
	}
	if a, err := <-answers, <-errs; err != nil || string(a.Payload) != `"done"` || a.Failure != nil || a.RequestID != first || a.At.IsZero() {
		t.Errorf("got %+v, %v", a, err)
	}

	go invoke(`{"n":2}`)
	_, header, _ = call(t, api, "GET", "invocation/next", "")
	second := header.Get("Lambda-Runtime-Aws-Request-Id")
	if second == first {
		t.Errorf("both events have the id %s", first)
	}
	if status, _, _ := call(t, api, "POST", "invocation/"+second+"/error", `{"errorMessage":"no","errorType":"T"}`); status != http.StatusAccepted {
		t.Errorf("the error got %d", status)
	}
	if a, err := <-answers, <-errs; err != nil || a.Payload != nil || *a.Failure != (runtimeapi.Failure{Message: "no", Type: "T"}) {
		t.Errorf("got %+v, %v", a, err)
	}

	for _, id := range []string{second, "stranger"} {
		if status, _, body := call(t, api, "POST", "invocation/"+id+"/response", "1"); status != http.StatusBadRequest || !strings.Contains(body, "InvalidRequestID") {
			t.Errorf("an answer to %s got %d %s", id, status, body)
		}
	}
}

func TestInitError(t *testing.T) {
	api := start(t)
	for _, body := range []string{`{"errorMessage":"first","errorType":"T"}`, `{"errorMessage":"second"}`} {
		if status, _, _ := call(t, api, "POST", "init/error", body); status != http.StatusAccepted {
			t.Errorf("got %d", status)
		}
	}
	_, err := api.Invoke(t.Context(), nil, time.Now())
	if f, ok := errors.AsType[*runtimeapi.Failure](err); !ok || f.Error() != "first" {
		t.Errorf("got %v", err)
	}
}

func TestRefuses(t *testing.T) {
	api := start(t)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "init/error", "not JSON", http.StatusBadRequest},
		{"POST", "invocation/1/error", "not JSON", http.StatusBadRequest},
		{"POST", "invocation/next", "", http.StatusMethodNotAllowed},
		{"GET", "elsewhere", "", http.StatusNotFound},
	} {
		if status, _, _ := call(t, api, c.method, c.path, c.body); status != c.status {
			t.Errorf("%s %s got %d, want %d", c.method, c.path, status, c.status)
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	api := start(t)
	gone := errors.New("the function is gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := api.Invoke(ctx, nil, time.Now()); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}

	closing, err := runtimeapi.Start()
	if err != nil {
		t.Fatal(err)
	}
	errs, asked := make(chan error), make(chan struct{})
	go func() {
		_, err := closing.Invoke(t.Context(), nil, time.Now())
		errs <- err
	}()
	go func() {
		defer close(asked)
		call(t, closing, "GET", "invocation/next", "")
		closing.Close()
	}()
	if err := <-errs; err == nil || err.Error() != "the runtime API is closed" {
		t.Errorf("got %v", err)
	}
	<-asked
}
