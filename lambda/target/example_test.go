package target

import (
	"slices"
	"testing"
)

// examples/targets/all.yaml shows every type and every attribute, and is right.
func TestExampleShowsAll(t *testing.T) {
	f, err := catalog.OpenFile("../../examples/targets/all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.All()
	if err != nil {
		t.Fatal(err)
	}
	types, attributes := map[string]bool{}, map[string]bool{}
	for _, l := range all {
		for _, fault := range slices.Concat(l.Faults, l.Warnings) {
			t.Error(fault)
		}
		types[l.Attributes["type"].Text] = true
		for name := range l.Attributes {
			attributes[name] = true
		}
		if id := l.Spec.OnFailure; id != "" && !slices.ContainsFunc(all, func(o Loaded) bool { return o.ID == id && o.Spec.SourceARN == l.Spec.SourceARN }) {
			t.Errorf("target %q: onFailure is %q, which there is not", l.ID, id)
		}
	}
	for _, name := range catalog.TypeNames() {
		if !types[name] {
			t.Errorf("there is no target of type %s", name)
		}
	}
	for _, a := range Attributes() {
		if !attributes[a.Name] && a.Name != ownStages { // examples/extension shows stages
			t.Errorf("no target has %s", a.Name)
		}
	}
}
