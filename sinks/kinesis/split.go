package kinesis

// split divides a full entry by its keys, so that the request has room for more of their
// records. The records of a key stay together and in order. It reports false, and changes
// nothing, if that makes no room for more bytes of the key with this index in the entry's table.
func (p *packing) split(i, key, more int) bool {
	e := &p.entries[i]
	groups, sizes := p.groups(i)
	second, ok := halve(sizes)
	if !ok || len(p.entries) == maxRecords || frameLen+len(e.partition)+sizes[groups[key]]+more > p.limits.RecordBytes {
		return false
	}
	halves, moved := p.divide(i, groups, second)
	total := p.bytes - e.bytes + halves[0].bytes + halves[1].bytes
	if total > maxBytes || max(halves[0].bytes, halves[1].bytes) > p.limits.RecordBytes {
		return false
	}
	other := len(p.entries)
	p.bytes, p.entries[i] = total, halves[0]
	p.entries = append(p.entries, halves[1])
	p.move(i, groups, moved)
	for _, k := range []int{i, other} {
		if shard := halves[0].shard; shard != none && p.entries[k].bytes < p.entries[p.open[shard]].bytes {
			p.open[shard] = k
		}
	}
	return true
}

// groups returns the group of each key in the table of entry i, and the bytes of each group. A
// group is named by its first key. Records without a key are in one group, because they are
// in order too.
func (p *packing) groups(i int) (groups, sizes []int) {
	e := &p.entries[i]
	groups, sizes = make([]int, e.keyCount), make([]int, e.keyCount)
	keyless := none
	for k := e.first; k < len(p.records); k++ {
		r := &p.records[k]
		if r.entry != i {
			continue
		}
		group := r.key
		if r.Key == "" {
			if keyless == none {
				keyless = group
			}
			group = keyless
		}
		groups[r.key] = group
		if sizes[group] == 0 || r.Key == "" {
			sizes[group] += tableLen(partitionKey(r.Record))
		}
		sizes[group] += recordLen(r.key, r.hashKey, r.Data.Len())
	}
	return groups, sizes
}

// halve divides groups of these sizes into two of about the same size. It returns which ones are
// in the second, and whether there are two.
func halve(sizes []int) (second []bool, ok bool) {
	second = make([]bool, len(sizes))
	var sums [2]int
	for k, size := range sizes {
		if second[k] = sums[1] < sums[0]; second[k] {
			sums[1] += size
		} else {
			sums[0] += size
		}
	}
	return second, sums[1] > 0
}

// divide returns two entries with the records of entry i, and those records in them. The second
// one will be the last entry of the request.
func (p *packing) divide(i int, groups []int, second []bool) (halves [2]entry, moved []packed) {
	e := &p.entries[i]
	keys := make([]int, e.keyCount) // the new index of each key
	for k := range keys {
		keys[k] = none
	}
	moved = make([]packed, 0, e.count)
	for k := e.first; k < len(p.records); k++ {
		r := &p.records[k]
		if r.entry != i {
			continue
		}
		half, at := &halves[0], i
		if second[groups[r.key]] {
			half, at = &halves[1], len(p.entries)
		}
		if half.count == 0 {
			half.reset(r.Record, e.shard, k)
			half.open = true
		}
		a := half.measure(r.Record, keys[r.key])
		half.take(r.Record, a)
		keys[r.key] = a.key
		moved = append(moved, packed{r.Record, at, a.key, a.hashKey})
	}
	return halves, moved
}

// move puts the records of entry i where moved has them.
func (p *packing) move(i int, groups []int, moved []packed) {
	done := make([]bool, len(groups))
	for k := len(p.records) - 1; len(moved) > 0; k-- {
		r := &p.records[k]
		if r.entry != i {
			continue
		}
		group := groups[r.key]
		*r, moved = moved[len(moved)-1], moved[:len(moved)-1]
		if !done[group] {
			done[group] = true
			p.keys[r.Key] = spotOf(r)
		}
	}
	p.last = p.keys[p.lastKey]
}
