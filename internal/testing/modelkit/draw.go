package modelkit

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Draw draws a world. Equal seeds draw equal worlds. It is not safe for concurrent use: code that
// runs concurrently draws from Fork or For.
type Draw struct {
	*rand.Rand
	seed uint64
}

// NewDraw returns the Draw of a seed.
func NewDraw(seed uint64) *Draw { return &Draw{rand.New(rand.NewPCG(seed, 0)), seed} }

// OneIn draws true in one of n cases.
func (d *Draw) OneIn(n int) bool { return d.IntN(n) == 0 }

// Below draws a duration from 0 to most, without most.
func (d *Draw) Below(most time.Duration) time.Duration { return time.Duration(d.Int64N(int64(most))) }

// Fork returns a Draw that is independent of later draws from d.
func (d *Draw) Fork() *Draw { return NewDraw(d.Uint64()) }

// For returns a Draw that depends on the seed and the purpose alone, not on earlier draws. It
// is safe for concurrent use.
func (d *Draw) For(purpose string) *Draw {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))
	return &Draw{rand.New(rand.NewPCG(d.seed, h.Sum64())), d.seed}
}

// Pick draws one of the choices.
func Pick[T any](d *Draw, choices ...T) T { return choices[d.IntN(len(choices))] }
