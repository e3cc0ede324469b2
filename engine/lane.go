package engine

// lane holds records of one lane and the places where requests must begin.
type lane struct {
	recs []Record
	cuts []int // ascending, in (0, len(recs)]; the last may stand at the end
}

// cut makes the next record begin a new request.
func (l *lane) cut() {
	n := len(l.recs)
	if n > 0 && (len(l.cuts) == 0 || l.cuts[len(l.cuts)-1] < n) {
		l.cuts = append(l.cuts, n)
	}
}

// splitLanes stamps recs with their origin and groups them by lane. Unreadable
// records go no further.
func splitLanes(recs []Record) ([]lane, []*processed) {
	unreadable := new(processed)
	index := make(map[string]int)
	var lanes []lane
	whole := true // recs are one lane, all readable
	for i := range recs {
		if recs[i].Lane != recs[0].Lane || recs[i].Data.Err() != nil {
			whole = false
			break
		}
	}
	stamp(recs)
	if whole {
		return []lane{{recs: recs}}, nil
	}
	for _, r := range recs {
		k, ok := index[r.Lane]
		if !ok {
			k = len(lanes)
			index[r.Lane] = k
			lanes = append(lanes, lane{})
		}
		if err := r.Data.Err(); err != nil {
			unreadable.fail([]Record{r}, err)
			lanes[k].cut() // see Out.fail
			continue
		}
		r.at = int32(len(lanes[k].recs) + 1) //nolint:gosec // a batch has far fewer than 2³¹ records
		lanes[k].recs = append(lanes[k].recs, r)
	}
	return lanes, []*processed{unreadable}
}

// stamp gives source records their origin.
func stamp(recs []Record) []Record {
	for i := range recs {
		recs[i].src = int32(i + 1)
		recs[i].at = recs[i].src
	}
	return recs
}
