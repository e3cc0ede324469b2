package modelkit

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// Promise is a rule that the program keeps in every world, as docs/models.md states it.
type Promise string

// Judge collects the promises that the program broke in one world. It is safe for concurrent use.
type Judge struct {
	T *testing.T // of the world's bubble

	promises []Promise
	sabotage bool // broken promises are expected

	mu     sync.Mutex
	broken map[Promise]bool
	counts map[string]int
}

// Broken notes that the program broke a promise. The text says which record, target or answer
// breaks it.
func (j *Judge) Broken(p Promise, format string, args ...any) {
	j.T.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Contains(j.promises, p) {
		j.T.Errorf("the model has no promise %q", p)
	}
	if j.broken[p] = true; !j.sabotage {
		j.T.Errorf("broken promise: %s\n%s", p, fmt.Sprintf(format, args...))
	}
}

// Count adds n to a count of the world, such as the number of its retries.
func (j *Judge) Count(what string, n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counts[what] += n
}
