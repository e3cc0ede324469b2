package target

import (
	"strings"

	"fanout/internal/jq"
)

// checkPlaces warns of text that looks like a place and is none.
func (c *checker) checkPlaces() {
	if c.spec.Type == nil || c.broken["destination"] {
		return
	}
	d := &c.spec.Destination
	if c.spec.Type.Disk && jq.HasPlace(c.text.destination) {
		c.warn("destination", "has no places on %s, so ${ is text; remove it", c.spec.Type)
	}
	c.checkText("subject", c.spec.Subject)
	c.checkText("group", c.spec.Group)
	c.checkText("source", c.spec.EventSource)
	c.checkText("detailType", c.spec.DetailType)
	text := strings.ReplaceAll(d.Index+d.Topic, "${", "")
	for _, wrong := range []string{"$(.", "$.", "{."} {
		if strings.Contains(text, wrong) {
			c.warn("destination", "has the text %s, which is no place; write a place like ${.id}", wrong)
			return
		}
	}
}

// checkText warns of text that is a path without the signs of a place.
func (c *checker) checkText(attribute, text string) {
	if strings.HasPrefix(text, ".") && !jq.HasPlace(text) {
		c.warn(attribute, "is the same text for all records; write ${%s} for a value of the record", text)
	}
}
