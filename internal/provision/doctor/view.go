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
// store.
func (p *examination) views(ctx context.Context) []Finding {
	needed := make(map[string][]string) // ids of targets, by source
	for i := range p.targets {
		if t := &p.targets[i]; t.Spec.Active && t.Spec.NeedsImages() {
			needed[t.Spec.SourceARN] = append(needed[t.Spec.SourceARN], t.ID)
		}
	}
	var found []Finding
	for _, source := range slices.Sorted(maps.Keys(needed)) {
		is := about{"source", awsname.Source(source)}
		view, err := cloud.WithoutImages(ctx, p.DynamoDB, source)
		switch {
		case awserr.IsMissing(err): // other checks report it
		case err != nil:
			found = append(found, is.unknown(err))
		case view != "":
			found = append(found, is.wrong("give the table a stream with the view NEW_AND_OLD_IMAGES, and register and hook the new stream",
				"its view %s has no new images, so changes fail at targets that store items: %s", view, strings.Join(needed[source], ", ")))
		}
	}
	return found
}
