package awsfake

import (
	"cmp"
	"crypto/md5" //nolint:gosec // Kinesis maps keys to shards with it
	"fmt"
	"math/big"
	"sync/atomic"
)

// shards are the open shards of a stream, of the same size each.
type shards struct {
	first, n int           // number of the first one, and how many there are
	turn     *atomic.Int64 // of Scatter; nil: hash keys count
}

// SetShards reshards a stream ("kinesis/orders"): it has n open shards of the same size,
// numbered from first on. From now on each Record of the stream has its Shard. A stream has
// two shards, numbered from 0, unless set.
func (s *Server) SetShards(destination string, first, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shards[destination] = append(s.shards[destination], shards{first: first, n: n})
}

// Scatter makes a stream whose shards were set distribute records without regard to hash keys.
func (s *Server) Scatter(destination string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.shards[destination]
	all[len(all)-1].turn = new(atomic.Int64)
}

// shardsOf returns the shards of a stream, and whether they were set.
func (s *Server) shardsOf(destination string) (of shards, set bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if all := s.shards[destination]; len(all) > 0 {
		return all[len(all)-1], true
	}
	return shards{n: 2}, false
}

// of returns the id of the shard that takes r.
func (s shards) of(r Record) string {
	if s.turn != nil {
		return s.id(int(s.turn.Add(1)) % s.n)
	}
	key := HashKey(r.PartitionKey, r.HashKey)
	for i := range s.n - 1 {
		if key.Cmp(s.start(i+1)) < 0 {
			return s.id(i)
		}
	}
	return s.id(s.n - 1)
}

// HashKey returns the hash key that decides about the shard of a record.
func HashKey(partitionKey, explicit string) *big.Int {
	key := new(big.Int)
	if _, ok := key.SetString(explicit, 10); !ok {
		sum := md5.Sum([]byte(partitionKey)) //nolint:gosec // as above
		key.SetBytes(sum[:])
	}
	return key
}

func (s shards) id(i int) string { return fmt.Sprintf("shardId-%012d", s.first+i) }

// start returns the first hash key of shard i.
func (s shards) start(i int) *big.Int {
	all := new(big.Int).Lsh(big.NewInt(1), 128)
	return all.Div(all.Mul(all, big.NewInt(int64(i))), big.NewInt(int64(s.n)))
}

// Takes reports whether the shard called id, which is or was a shard of a stream, takes a
// hash key.
func (s *Server) Takes(destination, id string, key *big.Int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range s.shards[destination] {
		for i := range of.n {
			if of.id(i) == id {
				return key.Cmp(of.start(i)) >= 0 && key.Cmp(of.start(i+1)) < 0
			}
		}
	}
	return false
}

// maxListed is how many shards an answer lists.
const maxListed = 3

func (s *Server) listShards(body []byte) (op operation, bad *failure) {
	var in struct{ StreamName, StreamARN, NextToken string }
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	begin := 0
	op.destination = cmp.Or(in.StreamName, lastPart(in.StreamARN, "/"))
	if in.NextToken != "" {
		if _, err := fmt.Sscanf(in.NextToken, "%d %s", &begin, &op.destination); err != nil {
			return op, refusal("ExpiredNextTokenException", "The token is unknown")
		}
	}
	op.run = func(map[int]string) (any, *failure) { return s.page("kinesis/"+op.destination, begin), nil }
	return op, nil
}

type shardRange struct{ StartingHashKey, EndingHashKey string }

type listedShard struct {
	ShardID             string `json:"ShardId"`
	HashKeyRange        shardRange
	SequenceNumberRange struct{ StartingSequenceNumber string }
}

// page lists the shards of a stream from shard begin on.
func (s *Server) page(destination string, begin int) any {
	var out struct {
		Shards    []listedShard
		NextToken string `json:",omitempty"`
	}
	of, _ := s.shardsOf(destination)
	for i := begin; i < of.n; i++ {
		if i == begin+maxListed {
			out.NextToken = fmt.Sprintf("%d %s", i, lastPart(destination, "/"))
			break
		}
		last := of.start(i + 1)
		l := listedShard{ShardID: of.id(i), HashKeyRange: shardRange{of.start(i).String(), last.Sub(last, big.NewInt(1)).String()}}
		l.SequenceNumberRange.StartingSequenceNumber = "1"
		out.Shards = append(out.Shards, l)
	}
	return out
}
