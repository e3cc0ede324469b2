package doctor

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awsname"
)

func (p *examination) is(check string) about { return about{check, p.function.Name()} }

// state checks that the function can be invoked, and runs fanout.
func (p *examination) state(context.Context) []Finding {
	is, c := p.is("function"), p.config
	var found []Finding
	switch c.State {
	case types.StateActive, "":
	case types.StatePending:
		found = append(found, is.warning("wait a minute", "Lambda is still creating it"))
	case types.StateInactive:
		found = append(found, is.warning("", "its state in Lambda is Inactive; the next event activates it, which takes a while"))
	case types.StateFailed:
		found = append(found, is.wrong("correct this, and "+p.run("deploy"), "Lambda could not create it: %s", aws.ToString(c.StateReason)))
	default:
		found = append(found, is.wrong("check it in the console", "its state in Lambda is %s: %s", c.State, aws.ToString(c.StateReason)))
	}
	switch c.LastUpdateStatus {
	case types.LastUpdateStatusInProgress:
		found = append(found, is.warning("wait a minute", "an update is in progress"))
	case types.LastUpdateStatusFailed:
		found = append(found, is.wrong("correct this, and "+p.run("deploy"), "its last update failed: %s", aws.ToString(c.LastUpdateStatusReason)))
	default: // successful
	}
	if c.PackageType != types.PackageTypeImage && c.Runtime != types.RuntimeProvidedal2023 {
		found = append(found, is.wrong("name another function with --function, or "+p.run("deploy")+" to replace it",
			"its runtime is %s, but a fanout function has %s", c.Runtime, types.RuntimeProvidedal2023))
	}
	if found == nil {
		found = append(found, is.ok("active, for %s", p.architecture()))
	}
	return found
}

func (p *examination) architecture() types.Architecture {
	if len(p.config.Architectures) == 0 {
		return types.ArchitectureX8664 // Lambda's default
	}
	return p.config.Architectures[0]
}

// Memory that the function needs, in MB: for itself, for an event of 6 MB with its copy
// and the decoded records, and for the requests that one target makes from it.
const (
	ownMemory    = 64
	targetMemory = 12
)

// enoughTime is the recommended time for sending and resending.
const enoughTime = 10 * time.Second

// settings checks memory and time against the targets.
func (p *examination) settings(context.Context) []Finding {
	is := p.is("settings")
	memory, timeout := aws.ToInt32(p.config.MemorySize), time.Duration(aws.ToInt32(p.config.Timeout))*time.Second
	most, source := 0, ""
	for s, n := range p.activeFrom {
		if n > most || n == most && s < source {
			most, source = n, s
		}
	}
	var found []Finding
	if need := ownMemory + most*targetMemory; int(memory) < need {
		found = append(found, is.warning(p.run("deploy", "--memory", strconv.Itoa(max(256, need))),
			"%d MB of memory may be too little for a large batch and the %s of %s", memory, counted(most, "target", "targets"), awsname.Source(source)))
	}
	switch left := timeout - p.options.DeadlineMargin; {
	case left <= 0:
		found = append(found, is.wrong(p.run("deploy", "--timeout", "30"),
			"its timeout of %v leaves no time to send, because sending stops %v before it (FANOUT_DEADLINE_MARGIN)", timeout, p.options.DeadlineMargin))
	case left < enoughTime:
		found = append(found, is.warning(p.run("deploy", "--timeout", "30"), "its timeout of %v leaves little time for retries", timeout))
	}
	if t := p.config.TracingConfig; p.options.Tracing && (t == nil || t.Mode != types.TracingModeActive) {
		found = append(found, is.warning(p.run("deploy", "--tracing"), "FANOUT_TRACING is xray, but Lambda's own tracing is off, so there are no traces to write to"))
	}
	if found == nil {
		found = append(found, is.ok("%d MB of memory, a timeout of %v", memory, timeout))
	}
	return found
}
