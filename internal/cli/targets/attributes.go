package targets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/account"
	setups "fanout/sinks/builtin/setup"
)

// attributeFlags are the flags of a target's attributes.
type attributeFlags struct {
	catalog *target.Catalog
	parts   []*partFlag
	flags   []attributeFlag
}

type attributeFlag struct {
	attribute string
	kind      target.Kind
	flag      *pflag.Flag
}

// partFlag is the flag of a part of the destinations of a type.
type partFlag struct {
	*account.Part
	typ   *sinks.Type
	value string
}

func (f *attributeFlags) add(cmd *cobra.Command, catalog *target.Catalog) {
	f.catalog = catalog
	s := cmd.Flags()
	kinds := make(map[string]target.Kind)
	for _, a := range target.Attributes() {
		kinds[a.Name] = a.Kind
	}
	for _, u := range manage.AttributeUsages {
		kind, words := kinds[u.Attribute], target.AttributeWords[u.Attribute]
		if has := manage.TypesWith[u.Attribute]; has != nil {
			u.Usage = strings.Replace(u.Usage, "TYPES", catalog.With(has), 1)
		}
		switch {
		case kind == target.Bool:
			s.Bool(u.Flag, false, u.Usage)
		case strings.Contains(u.Usage, "`TIME`"):
			ui.SecondsFlag(s, new(int), u.Flag, 0, u.Usage)
		case kind == target.Number:
			s.Int(u.Flag, 0, u.Usage)
		case words != nil:
			ui.OneOf(cmd, new(string), u.Flag, "", u.Usage, words)
		case slices.Contains(manage.Texts, u.Attribute):
			ui.TextFlag(s, new(string), u.Flag, u.Usage)
		default:
			s.String(u.Flag, "", u.Usage)
		}
		f.flags = append(f.flags, attributeFlag{u.Attribute, kind, s.Lookup(u.Flag)})
		if u.Attribute == "destination" {
			f.addParts(s)
		}
	}
}

// addParts adds the flags of parts of destinations.
func (f *attributeFlags) addParts(s *pflag.FlagSet) {
	for _, t := range f.catalog.Types {
		if part := setups.Of(t).Part; part != nil {
			p := &partFlag{Part: part, typ: t}
			s.StringVar(&p.value, part.Flag, "", part.Usage)
			f.parts = append(f.parts, p)
		}
	}
}

// part returns the flag that gives a part of the destination, nil if none does.
func (f *attributeFlags) part() *partFlag {
	for _, p := range f.parts {
		if p.value != "" {
			return p
		}
	}
	return nil
}

// values returns the attributes on the command line.
func (f *attributeFlags) values() target.Values {
	v := make(target.Values)
	for _, a := range f.flags {
		if a.flag.Changed {
			v[a.attribute] = target.Value{Kind: a.kind, Text: a.flag.Value.String()}
		}
	}
	return v
}

// attributes returns the attributes for names, each a flag or an attribute.
func (f *attributeFlags) attributes(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		i := slices.IndexFunc(f.flags, func(a attributeFlag) bool { return a.flag.Name == name || a.attribute == name })
		if i < 0 {
			var known []string
			for _, a := range f.flags {
				known = append(known, a.flag.Name)
			}
			return nil, fmt.Errorf("--unset is %q, which is not an attribute of a target%s", name, ui.DidYouMean("", name, known))
		}
		if f.flags[i].flag.Changed {
			return nil, fmt.Errorf("--unset %s and --%s contradict each other; use only one", name, f.flags[i].flag.Name)
		}
		all = append(all, f.flags[i].attribute)
	}
	return all, nil
}

// resolve replaces the name of a destination with the form that the function needs. It
// makes its calls in the destination's region.
func (f *attributeFlags) resolve(ctx context.Context, a *cloud.Account, v target.Values) error {
	d, ok := v["destination"]
	typ, region, role := f.catalog.Type(v["type"].Text), v["region"].Text, v["role"].Text
	part, partText := f.part(), ""
	switch {
	case part != nil && (!ok || typ == nil):
		return ui.Usagef("--%s needs --destination; add it, with the name of the %s", part.Flag, part.Of)
	case !ok || typ == nil:
		return nil
	case part != nil && part.typ != typ:
		return ui.Usagef("--%s has no effect on targets of type %s; remove it", part.Flag, typ)
	case part != nil:
		partText = part.value
	}
	if role != "" && !cloud.Full(typ, d.Text) {
		if cloud.ByName(typ) {
			return nil // the target's role finds it
		}
		return ui.Usagef("--destination is the name %q in another account, where fanout cannot look it up; write it in full, as fanout register --help shows", d.Text)
	}
	text, err := a.In(region).Destination(ctx, typ, d.Text, partText)
	if err != nil {
		return err
	}
	d.Text = text
	v["destination"] = d
	return nil
}

// valid returns the target that v describes, or every fault it has. It prints warnings
// to errs. others are the targets of the source.
func valid(catalog *target.Catalog, errs io.Writer, v target.Values, others []registry.Entry) (registry.Entry, error) {
	e := registry.Entry{Loaded: catalog.Read(v, v["id"].Text)}
	nameFlags(e.Faults)
	nameFlags(e.Warnings)
	if err := e.Err(); err != nil {
		return e, ui.Usage(err)
	}
	if id := e.Spec.OnFailure; id != "" && !slices.ContainsFunc(others, func(o registry.Entry) bool { return o.ID == id }) {
		return e, ui.Usagef("--on-failure is %q, but the source has no such target; register it first, with --active false if it should get no other records", id)
	}
	for _, w := range e.Warnings {
		fmt.Fprintf(errs, "fanout: warning: %v\n", w)
	}
	return e, nil
}

// nameFlags renames the attributes of faults to their flags.
func nameFlags(faults []target.Fault) {
	for i := range faults {
		for _, u := range manage.AttributeUsages {
			if faults[i].Attribute == u.Attribute {
				faults[i].Attribute = "--" + u.Flag
			}
		}
	}
}

// checkLinks returns an error if, after changes, a changed target's onFailure names a
// target that the table lacks, or if changes remove a target that others name.
func checkLinks(catalog *target.Catalog, have []registry.Entry, changes []registry.Change) error {
	after := registry.After(catalog, have, changes)
	type key struct{ source, id string }
	there := make(map[key]bool)
	for i := range after {
		there[key{after[i].Text("sourceArn"), after[i].Text("id")}] = true
	}
	concerned := make(map[key]bool)
	for _, c := range changes {
		concerned[key{c.Source, c.ID}] = true
	}
	var faults []error
	for i := range after {
		e := &after[i]
		source, to := e.Text("sourceArn"), e.Text("onFailure")
		if to == "" || there[key{source, to}] || !concerned[key{source, e.ID}] && !concerned[key{source, to}] {
			continue
		}
		faults = append(faults, ui.Usagef("the target %q of %s has onFailure %s, but the source would have no such target; add that target, or name another one", e.ID, source, to))
	}
	return errors.Join(faults...)
}
