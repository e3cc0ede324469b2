package manage

import (
	"context"
	"slices"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// SourceTargets is a source with its targets.
type SourceTargets struct {
	Source  string // ARN; "": every source
	Table   *registry.Table
	Targets []registry.Entry
}

// OpenTable returns the source on the command line, and the target table, without its
// targets.
func (m *Command) OpenTable(ctx context.Context, a *cloud.Account) (SourceTargets, error) {
	source, err := m.SourceRef(ctx, a)
	if err != nil {
		return SourceTargets{}, err
	}
	t, err := m.Registry(ctx, a)
	return SourceTargets{Source: source, Table: t}, err
}

// ReadTable returns the targets of the source on the command line, or of every source.
func (m *Command) ReadTable(ctx context.Context, a *cloud.Account) (SourceTargets, error) {
	s, err := m.OpenTable(ctx, a)
	if err == nil {
		s.Targets, err = s.Table.List(ctx, s.Source)
	}
	return s, err
}

// Find returns a target of the source.
func (s *SourceTargets) Find(id string) (registry.Entry, error) {
	i := slices.IndexFunc(s.Targets, func(e registry.Entry) bool { return e.Text("id") == id })
	if i < 0 {
		return registry.Entry{}, s.Table.NoTarget(s.Source, id)
	}
	return s.Targets[i], nil
}
