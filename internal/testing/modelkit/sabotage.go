package modelkit

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Sabotage makes the program break a promise, to test that the model notices.
type Sabotage[S any] struct {
	Name   string // how the program misbehaves
	By     S
	Breaks Promise
}

// enoughSabotage is the number of runs in which a model must notice a sabotage.
const enoughSabotage = 500

// CheckNotices checks that the model notices every sabotage, that every promise has a sabotage,
// and that the page states every promise.
func (m *Model[S]) CheckNotices(t *testing.T) {
	page, err := os.ReadFile(m.Page)
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range m.gaps(string(page)) {
		t.Error(gap)
	}
	for _, s := range m.Sabotages {
		t.Run(s.Name, func(t *testing.T) {
			if !m.notices(t, &s) {
				t.Errorf("not noticed in %d runs; the promise that it breaks: %s", enoughSabotage, s.Breaks)
			}
		})
	}
}

// notices reports whether the model notices a sabotage.
func (m *Model[S]) notices(t *testing.T, s *Sabotage[S]) bool {
	for seed := range uint64(enoughSabotage) {
		if m.play(t, seed, s).broken[s.Breaks] {
			return true
		}
	}
	return false
}

// gaps lists the promises that no sabotage breaks, or that the page does not state.
func (m *Model[S]) gaps(page string) (all []string) {
	page = strings.Join(strings.Fields(page), " ") // lines are wrapped
	for _, p := range m.Promises {
		if !slices.ContainsFunc(m.Sabotages, func(s Sabotage[S]) bool { return s.Breaks == p }) {
			all = append(all, fmt.Sprintf("no sabotage breaks the promise: %s", p))
		}
		if !strings.Contains(page, string(p)) {
			all = append(all, fmt.Sprintf("%s does not state the promise: %s", m.Page, p))
		}
	}
	return all
}
