package pages

import (
	"context"
	"errors"
	"testing"
)

type fakePages struct{ last, failing, asked int }

func (f *fakePages) HasMorePages() bool { return f.asked != f.last }

func (f *fakePages) NextPage(context.Context, ...func(*struct{})) (*int, error) {
	if f.asked++; f.asked == f.failing {
		return nil, errors.New("no")
	}
	return &f.asked, nil
}

func TestOf(t *testing.T) {
	for _, test := range []struct {
		name  string
		pages fakePages
		want  int
		err   string
	}{
		{"all", fakePages{last: 3}, 3, ""},
		{"none", fakePages{}, 0, ""},
		{"an error ends the list", fakePages{last: 3, failing: 2}, 1, "no"},
		{"endless", fakePages{last: -1}, Max, ErrEndless.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, failure := 0, ""
			for page, err := range Of(t.Context(), &test.pages) {
				if err != nil {
					failure = err.Error()
					continue
				}
				if got++; *page != got {
					t.Errorf("got page %d, want %d", *page, got)
				}
			}
			if got != test.want || failure != test.err {
				t.Errorf("got %d pages and the error %q, want %d and %q", got, failure, test.want, test.err)
			}
		})
	}
}

// A caller that found its item asks for no more pages.
func TestOfStop(t *testing.T) {
	pages := &fakePages{last: 3}
	for range Of(t.Context(), pages) {
		break
	}
	if pages.asked != 1 {
		t.Errorf("asked for %d pages, want 1", pages.asked)
	}
}
