package engine

// waiters holds a line of records for each key with a record in flight or to be
// sent again. Each record waits for the one before it. Record 0 never waits,
// because it is first.
type waiters struct {
	last map[string]int // by key: the last record in the line
	next []int          // by record: the next in line; 0: none
}

// enter puts record i, of n, at the head of the line of key.
func (w *waiters) enter(key string, i, n int) {
	if w.last == nil {
		w.last, w.next = make(map[string]int), make([]int, n)
	}
	w.last[key] = i
}

// wait puts record i at the end of the line of key. It reports false if the key has
// no line.
func (w *waiters) wait(key string, i int) bool {
	last, ok := w.last[key]
	if ok {
		w.next[last] = i
		w.last[key] = i
	}
	return ok
}

// behind returns the record that waits for record i; 0: none.
func (w *waiters) behind(i int) int {
	if w.next == nil {
		return 0
	}
	return w.next[i]
}

// leave ends the line of key.
func (w *waiters) leave(key string) { delete(w.last, key) }
