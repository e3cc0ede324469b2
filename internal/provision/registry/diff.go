package registry

import (
	"maps"
	"slices"

	"fanout/lambda/target"
)

// Diff returns the changes that turn the targets of have into want. It removes targets
// that want lacks only if prune is set.
func Diff(want, have []Entry, prune bool) []Change {
	var changes []Change
	for i := range want {
		w := &want[i]
		old := slices.IndexFunc(have, w.same)
		c := Change{Source: w.Text("sourceArn"), ID: w.ID, Kind: Create}
		c.Set, _ = difference(w.Attributes, nil)
		if old >= 0 {
			c.Kind = Update
			c.Set, c.Unset = difference(w.Attributes, have[old].Attributes)
			if len(c.Set)+len(c.Unset) == 0 {
				continue
			}
		}
		changes = append(changes, c)
	}
	if !prune {
		return changes
	}
	for i := range have {
		if !slices.ContainsFunc(want, have[i].same) {
			changes = append(changes, Change{Source: have[i].Text("sourceArn"), ID: have[i].ID, Kind: Remove})
		}
	}
	return changes
}

// After returns the targets of have after changes, as catalog reads them.
func After(catalog *target.Catalog, have []Entry, changes []Change) []Entry {
	after := slices.Clone(have)
	for _, c := range changes {
		i := slices.IndexFunc(after, func(e Entry) bool { return e.Text("sourceArn") == c.Source && e.Text("id") == c.ID })
		if c.Kind == Remove {
			if i >= 0 {
				after = slices.Delete(after, i, i+1)
			}
			continue
		}
		v := make(target.Values)
		if c.Kind == Update && i >= 0 {
			maps.Copy(v, after[i].Attributes)
		}
		maps.Copy(v, c.Set)
		for _, name := range c.Unset {
			delete(v, name)
		}
		e := Entry{catalog.Read(v, c.ID)}
		if i < 0 {
			after = append(after, e)
		} else {
			after[i] = e
		}
	}
	return after
}

// same reports whether both have the same key.
func (e *Entry) same(other Entry) bool {
	return e.Text("sourceArn") == other.Text("sourceArn") && e.Text("id") == other.Text("id")
}

// difference returns the attributes to set and to remove that make old like want.
// Attributes that fanout does not know stay as they are.
func difference(want, old target.Values) (set target.Values, unset []string) {
	set = make(target.Values)
	for _, a := range target.Attributes() {
		w, wanted := value(want, a.Name)
		o, there := value(old, a.Name)
		switch {
		case wanted && (!there || w.Kind != o.Kind || w.Text != o.Text):
			set[a.Name] = w
		case !wanted && there:
			unset = append(unset, a.Name)
		}
	}
	return set, unset
}

// value returns an attribute. An empty one counts as absent.
func value(of target.Values, name string) (target.Value, bool) {
	v, ok := of[name]
	return v, ok && v.Kind != target.Null && (v.Kind != target.String || v.Text != "")
}
