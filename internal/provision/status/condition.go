package status

import "time"

// recent is how long a failure counts as going on: Lambda tries again within that time, even
// where records of other shards are delivered meanwhile.
const recent = 3 * time.Minute

// conditions judges every target by its counts.
func (d *reading) conditions() {
	for i := range d.Sources {
		for k := range d.Sources[i].Targets {
			t := &d.Sources[i].Targets[k]
			if t.Condition == Idle {
				t.Condition = t.judge(max(int(recent/d.Step), 1))
			}
		}
	}
}

// judge returns the condition of an active target. A failure in the last steps, or with
// nothing delivered after it, goes on.
func (t *Target) judge(steps int) Condition {
	if t.Counts == nil {
		return Unseen
	}
	c := t.Counts
	good := -1
	for i, n := range t.Trend.Delivered {
		if n > 0 && t.Trend.Failed[i] <= 0 && t.Trend.Diverted[i] <= 0 {
			good = i
		}
	}
	goesOn := func(trend []float64) bool {
		bad := last(trend)
		return bad >= 0 && (bad > good || bad >= len(trend)-steps)
	}
	switch {
	case goesOn(t.Trend.Failed):
		return Fails
	case goesOn(t.Trend.Diverted):
		return Diverting
	case c.Diverted > 0:
		return Diverted
	case c.Failed > 0:
		return Recovered
	case c.Delivered+c.Already+c.Filtered+c.Dropped > 0:
		return OK
	}
	return Idle
}

// last returns the index of the last value above zero, -1 if there is none.
func last(values []float64) int {
	for i := len(values) - 1; i >= 0; i-- {
		if values[i] > 0 {
			return i
		}
	}
	return -1
}
