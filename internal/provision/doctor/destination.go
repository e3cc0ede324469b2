package doctor

import (
	"cmp"
	"fmt"
	"strconv"

	"fanout/internal/awserr"
	"fanout/sinks"
	awsaccount "fanout/sinks/account"
)

// visit is a check of the destination of one target.
type visit struct {
	about
	what   string                       // the destination is: a stream, queue or topic
	fix    func(flags ...string) string // the command that changes the target
	deploy string                       // the command that puts the function into a VPC
	spec   *sinks.Spec
	vpc    bool   // whether the function is in one
	inside string // the command that lets the function connect inside a network; "": it may
}

// failed is the finding for a call that failed. host is the destination's own, "" if it has
// none.
func (v *visit) failed(host string, err error) Finding {
	switch {
	case awserr.IsMissing(err):
		return v.wrong("create it, or "+v.fix("--destination", "NAME"), "there is no %s %s", v.what, v.spec.Destination)
	case host != "" && awserr.IsUnanswered(err):
		return v.notChecked("%s does not answer from here, but may answer in the function's network", host)
	}
	return v.unknown(err)
}

// found is the finding for the state of a destination.
func (v *visit) found(s *awsaccount.State) Finding {
	do := s.Do
	if s.Flags != nil {
		do = v.fix(s.Flags...)
	}
	switch {
	case s.Unseen != "":
		return v.notChecked("%s", s.Unseen)
	case s.Fault != "":
		return v.wrong(do, "%s", s.Fault)
	case s.Doubt != "":
		return v.warning(do, "%s", s.Doubt)
	case s.Inside != "" && v.inside != "":
		return v.wrong(v.inside+", or "+v.fix("--destination", "URL"), "%s, as seen from here, and the function refuses such addresses: its FANOUT_HTTP_PRIVATE is not allow", s.Inside)
	case s.InVPC && !v.vpc:
		name := cmp.Or(s.Name, v.spec.Destination.String())
		return v.wrong(fmt.Sprintf("put the function into the %s's VPC: %s", v.what, v.deploy), "the %s %s is inside a VPC, but the function is not", v.what, name)
	}
	return v.limit(&s.Limit)
}

// limit compares the destination's limit with the target's.
func (v *visit) limit(l *awsaccount.Limit) Finding {
	sends := cmp.Or(v.spec.MaxRecordBytes, l.Default)
	if l.Bytes == 0 || l.Bytes >= sends {
		return v.ok("%s %s", v.what, v.spec.Destination)
	}
	things, then := "records", "a larger one fails"
	if v.spec.Type.Messages {
		things = "messages"
	}
	if v.spec.Collapse != sinks.CollapseNone {
		then = "a larger one is refused and sent again in parts, and a single record that is larger fails"
	}
	do := fmt.Sprintf("set %s of the %s to %d, or %s", l.Setting, v.what, (sends+l.Unit-1)/l.Unit, v.fix("--max-record-bytes", strconv.Itoa(l.Bytes)))
	return v.warning(do, "it sends %s of up to %d bytes, but the %s %s accepts %d: %s", things, sends, v.what, v.spec.Destination, l.Bytes, then)
}
