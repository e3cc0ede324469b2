// Package pages lists results that AWS returns in pages.
package pages

import (
	"context"
	"errors"
	"iter"
)

// Max bounds a listing. An endpoint that is not AWS may never end one.
const Max = 10_000

// ErrEndless is the error for a listing with more than Max pages.
var ErrEndless = errors.New("the list does not end; check --endpoint-url and proxies")

// Paginator is a paginator of the SDK, with outputs T and client options O.
type Paginator[T, O any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*O)) (*T, error)
}

// Of returns the pages of a listing. An error is the last element.
func Of[T, O any](ctx context.Context, p Paginator[T, O]) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for n := 0; p.HasMorePages(); n++ {
			if n == Max {
				yield(nil, ErrEndless)
				return
			}
			page, err := p.NextPage(ctx)
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}
