package jq

import (
	"runtime"
	"sync"
	"weak"
)

// interned are the programs in use, by text.
var interned struct {
	sync.Mutex
	programs map[string]weak.Pointer[Program]
}

// intern returns the program in use with the text of p, which becomes p if there is none.
func intern(p *Program) *Program {
	interned.Lock()
	defer interned.Unlock()
	if other := interned.programs[p.text].Value(); other != nil {
		return other
	}
	if interned.programs == nil {
		interned.programs = make(map[string]weak.Pointer[Program])
	}
	interned.programs[p.text] = weak.Make(p)
	runtime.AddCleanup(p, forget, p.text)
	return p
}

// inUse returns the program in use with a text, or nil.
func inUse(text string) *Program {
	interned.Lock()
	defer interned.Unlock()
	return interned.programs[text].Value()
}

// forget removes a program that is not in use any more.
func forget(text string) {
	interned.Lock()
	defer interned.Unlock()
	if interned.programs[text].Value() == nil {
		delete(interned.programs, text)
	}
}
