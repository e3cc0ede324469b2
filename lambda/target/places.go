package target

import (
	"strings"

	"fanout/internal/jq"
)

// checkPlaces warns of text in a destination that looks like a place and is none.
func (c *checker) checkPlaces() {
	if c.spec.Type == nil || c.broken["destination"] {
		return
	}
	d := &c.spec.Destination
	if c.spec.Type.Disk && jq.HasPlace(c.text.destination) {
		c.warn("destination", "has no places on %s, so ${ is text; remove it", c.spec.Type)
	}
	text := strings.ReplaceAll(d.Index+d.Topic, "${", "")
	for _, wrong := range []string{"$(.", "$.", "{."} {
		if strings.Contains(text, wrong) {
			c.warn("destination", "has the text %s, which is no place; write a place like ${.id}", wrong)
			return
		}
	}
}
