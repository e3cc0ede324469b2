package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
)

// views checks that streams of DynamoDB tables have the images that their targets
// store or send.
func (p *examination) views(ctx context.Context) []Finding {
	stored, sent := make(map[string][]string), make(map[string][]string) // ids of targets, by source
	for i := range p.targets {
		t := &p.targets[i]
		source := t.Spec.SourceARN
		if t.Spec.Active && t.Spec.NeedsImages() {
			stored[source] = append(stored[source], t.ID)
		}
		if t.Spec.Active && t.Spec.WantsOldImages() {
			sent[source] = append(sent[source], t.ID)
		}
	}
	sources := slices.Collect(maps.Keys(stored))
	sources = slices.AppendSeq(sources, maps.Keys(sent))
	slices.Sort(sources)
	var found []Finding
	for _, source := range slices.Compact(sources) {
		found = append(found, p.viewOf(ctx, source, stored[source], sent[source])...)
	}
	return found
}

// viewOf checks the view of a stream with targets that store its new images, and with
// targets that send its old ones.
func (p *examination) viewOf(ctx context.Context, source string, stored, sent []string) (found []Finding) {
	const remedy = "give the table a stream with the view NEW_AND_OLD_IMAGES, and register and hook the new stream"
	is := about{"source", awsname.Source(source)}
	images, err := cloud.ImagesOf(ctx, p.DynamoDB, source)
	switch {
	case awserr.IsMissing(err): // other checks report it
		return nil
	case err != nil:
		return []Finding{is.unknown(err)}
	}
	if images.NoNew && len(stored) > 0 {
		found = append(found, is.wrong(remedy, "its view %s has no new images, so changes fail at targets that store items: %s", images.View, strings.Join(stored, ", ")))
	}
	if images.NoOld && len(sent) > 0 {
		found = append(found, is.warning(remedy, "its view %s has no old images, so these targets get changes without them: %s", images.View, strings.Join(sent, ", ")))
	}
	return found
}
