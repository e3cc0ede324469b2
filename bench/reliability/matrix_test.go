package main

import (
	"testing"
)

// Whatever goes wrong between the function and a target of any type, no record is
// lost, and none overtakes one of its key where that was asked for.
func TestMatrix(t *testing.T) {
	fs, ks := faults(), kinds()
	for i := range fs {
		for k := range ks {
			if fs[i].expected(&ks[k]) == impossible {
				continue
			}
			for _, ordered := range []bool{false, true} {
				name := fs[i].name + "/" + ks[k].name
				if ordered {
					name += "/ordered"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s, err := try(t.Context(), &cell{fault: &fs[i], kind: &ks[k], ordered: ordered})
					if err != nil {
						t.Error(err)
					}
					t.Logf("%+v", s)
				})
			}
		}
	}
}
