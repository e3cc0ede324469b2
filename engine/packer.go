package engine

// packer adds up one request and decides which records still fit.
type packer struct {
	limits  *Limits
	records int // bound on records, below the limits' own; 0: none
	most    int // bound on bytes of several records, learned from refusals; 0: none
	n       int
	bytes   int
}

// tooLarge returns an error if a record of this size can never be sent.
func (p *packer) tooLarge(size int) error {
	l := p.limits
	if l.RecordBytes > 0 && size > l.RecordBytes {
		return Errorf(TooLarge, "the record counts %d bytes and the target takes %d a record", size, l.RecordBytes)
	}
	if l.Bytes > 0 && l.PerBatch+size > l.Bytes {
		return Errorf(TooLarge, "the record counts %d bytes and the target takes %d a request", size, l.Bytes-l.PerBatch)
	}
	return nil
}

// add adds a record of this size to the request. It reports false if the record
// does not fit.
func (p *packer) add(size int) bool {
	l := p.limits
	switch {
	case p.records > 0 && p.n >= p.records,
		l.Records > 0 && p.n >= l.Records,
		p.most > 0 && p.n > 0 && p.bytes+size > p.most,
		l.Bytes > 0 && l.PerBatch+p.bytes+size > l.Bytes:
		return false
	}
	p.n++
	p.bytes += size
	return true
}
