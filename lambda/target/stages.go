package target

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sourcegraph/conc/panics"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/stages"
)

// stageUse is one entry of the attribute stages.
type stageUse struct {
	name    string
	options json.RawMessage
}

// StagesOf returns the stages of a target in the order in which they run, for a sink that
// takes records of up to recordBytes bytes; 0: of any size.
func (c *Catalog) StagesOf(s *sinks.Spec, recordBytes int) ([]engine.Stage, error) {
	settings, err := settingsOf(s)
	if err != nil {
		return nil, err
	}
	settings.RecordBytes = recordBytes
	uses, err := parseStages(s.Stages)
	if err != nil {
		return nil, err
	}
	var all []engine.Stage
	for place := stages.Unpack; place <= stages.Bound; place++ {
		for _, t := range c.Stages {
			if t.Attribute == "" || t.Place != place {
				continue
			}
			if all, err = appendStage(all, t, settings); err != nil {
				return nil, err
			}
		}
		for i, use := range uses {
			t := c.stage(use.name)
			if t == nil {
				return nil, fmt.Errorf("stages[%d]: there is no stage %s", i, use.name)
			}
			if t.Place != place {
				continue
			}
			settings.Options = use.options
			if all, err = appendStage(all, t, settings); err != nil {
				return nil, fmt.Errorf("stages[%d].%s: %w", i, use.name, err)
			}
		}
		settings.Options = nil
	}
	return all, nil
}

// settingsOf returns what the stages of a target depend on.
func settingsOf(s *sinks.Spec) (settings stages.Settings, err error) {
	service, _ := CheckSource(s.SourceARN)
	settings = stages.Settings{
		Source: service, SourceARN: s.SourceARN, Filter: s.Filter, Transform: s.Transform, TransformOutput: s.TransformOutput, Key: s.Key,
		Deaggregate: s.Deaggregate, ConvertDDB: s.ConvertDDB, AppendNewlines: s.AppendNewlines,
		BatchRecords: s.BatchRecords, BatchBytes: s.BatchBytes,
		Events: s.Type.Events, Exponents: s.Type.Exponents, Messages: s.Type.Messages,
	}
	var faults [6]error
	settings.Collapse, faults[0] = stages.ParseMode(string(s.Collapse))
	settings.Decompress, faults[1] = stages.ParseCompression(s.Decompress)
	if !s.Type.Objects {
		settings.Compress, faults[2] = stages.ParseCompression(s.Compress)
	}
	settings.View, faults[3] = stages.ParseView(s.View)
	settings.Envelope, faults[4] = stages.ParseEnvelope(s.Envelope)
	settings.Unwrap, faults[5] = stages.ParseWrapping(s.Unwrap)
	return settings, errors.Join(faults[:]...)
}

// stage returns the stage called name in the attribute stages, or nil if there is none.
func (c *Catalog) stage(name string) *stages.Type {
	for _, t := range c.Stages {
		if t.Attribute == "" && t.Name == name {
			return t
		}
	}
	return nil
}

// appendStage appends the stage of a target, if it has one.
func appendStage(all []engine.Stage, t *stages.Type, s stages.Settings) ([]engine.Stage, error) {
	var stage engine.Stage
	var err error
	if p := panics.Try(func() { stage, err = t.New(&s) }); p != nil {
		err = fmt.Errorf("the stage cannot be created: it panicked (%T)", p.Value)
	}
	switch {
	case err != nil:
		return nil, err
	case stage == nil:
		return all, nil
	case !canCompare(stage):
		return nil, fmt.Errorf("a stage of the type %T cannot be compared with others; make its fields comparable, or New return a pointer", stage)
	}
	return append(all, stage), nil
}

// canCompare reports whether == works for a stage.
func canCompare(s engine.Stage) (ok bool) {
	defer func() { ok = recover() == nil }()
	other := s
	return s == other
}

// checkStages checks the attribute stages, and that each stage can be made.
func (c *checker) checkStages(source string) {
	for _, t := range c.catalog.Stages {
		if t.Attribute != "" && source != "" && t.Sources != nil && !slices.Contains(t.Sources, source) && c.isSet(t.Attribute) {
			c.warn(t.Attribute, "has no effect: the source is not %s", sourceKinds(t.Sources))
		}
	}
	if c.spec.Stages == "" {
		return
	}
	uses, err := parseStages(c.spec.Stages)
	if err != nil {
		c.fault(ownStages, "%v", err)
		return
	}
	for i, use := range uses {
		t := c.catalog.stage(use.name)
		where := fmt.Sprintf("%s[%d]", ownStages, i)
		if t == nil {
			c.fault(ownStages, "%s: there is no stage %q%s", where, use.name, c.catalog.insteadOf(use.name))
			continue
		}
		if source != "" && t.Sources != nil && !slices.Contains(t.Sources, source) {
			c.warn(ownStages, "%s: %s has no effect: the source is not %s", where, use.name, sourceKinds(t.Sources))
		}
		settings := stages.Settings{Options: use.options, Source: source}
		if c.spec.Type != nil {
			settings.Events, settings.Exponents, settings.Messages = c.spec.Type.Events, c.spec.Type.Exponents, c.spec.Type.Messages
		}
		if _, err := appendStage(nil, t, settings); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				c.fault(ownStages, "%s.%s: %s", where, use.name, line)
			}
		}
	}
}

// isSet reports whether a boolean attribute is true, or an attribute of text has a value.
func (c *checker) isSet(attribute string) bool {
	for _, a := range attributes {
		if a.name != attribute {
			continue
		}
		switch field := a.field(c).(type) {
		case *bool:
			return *field
		case *string:
			return *field != ""
		}
	}
	return false
}

// insteadOf says what to write instead of an unknown stage.
func (c *Catalog) insteadOf(name string) string {
	var names []string
	for _, t := range c.Stages {
		if t.Attribute == "" {
			names = append(names, t.Name)
		} else if strings.EqualFold(t.Name, name) || strings.EqualFold(t.Attribute, name) {
			return fmt.Sprintf("; write the attribute %s", t.Attribute)
		}
	}
	if names == nil {
		return "; this fanout has no stages of its own; see fanout build"
	}
	return "; write one of " + strings.Join(names, ", ")
}

// sourceKinds describes services as sources.
func sourceKinds(services []string) string {
	all := make([]string, len(services))
	for i, s := range services {
		all[i] = awsname.SourceKindOf(s).Article()
	}
	return strings.Join(all, " or ")
}

const writeStages = "write a list of stages, such as [{mask: {fields: [iban]}}]"

// parseStages parses the attribute stages: a list of names and of objects with one member,
// a name and its options.
func parseStages(text string) ([]stageUse, error) {
	if text == "" {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("is not a list; %s", writeStages)
	}
	uses := make([]stageUse, len(list))
	for i, entry := range list {
		if json.Unmarshal(entry, &uses[i].name) == nil {
			continue
		}
		var one map[string]json.RawMessage
		if err := json.Unmarshal(entry, &one); err != nil || len(one) != 1 {
			return nil, fmt.Errorf("stages[%d]: is not a stage; %s", i, writeStages)
		}
		for name, options := range one {
			uses[i] = stageUse{name, options}
		}
		if bytes.Equal(uses[i].options, []byte("null")) {
			uses[i].options = nil
		}
	}
	return uses, nil
}
