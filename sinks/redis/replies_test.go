package redis

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
)

// TestLongestReplies asserts that the limits let the longest legitimate answers pass.
func TestLongestReplies(t *testing.T) {
	const failedSnapshot = "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
		"Commands that may modify the data set are disabled, because this instance is configured to report errors during writes " +
		"if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.\r\n"
	const moved = "-MOVED 16383 fanout-0500-001.fanout-with-a-long-name.abcdef.euw1.cache.amazonaws.com:6379\r\n"
	for name, answer := range map[string]string{
		"failed snapshots": strings.Repeat(failedSnapshot, cache.MaxRecords),
		"moved keys":       strings.Repeat(moved, cache.MaxRecords),
		"written keys":     strings.Repeat("+OK\r\n", cache.MaxRecords),
		"slots":            clusterSlots(500, 10),
	} {
		t.Run(name, func(t *testing.T) {
			r := &replies{Conn: sinktest.NewScripted([]byte(answer), 16<<10)}
			r.ration()
			if got, err := io.ReadAll(r); err != nil || string(got) != answer {
				t.Errorf("%d bytes of %d pass, %v", len(got), len(answer), err)
			}
		})
	}
}

// clusterSlots is the answer to CLUSTER SLOTS of a cluster with the given number of nodes
// in ElastiCache, each a primary with a number of ranges.
func clusterSlots(nodes, ranges int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", nodes*ranges)
	for i := range nodes * ranges {
		host := fmt.Sprintf("fanout-%04d-001.fanout-with-a-long-name.abcdef.euw1.cache.amazonaws.com", i%nodes)
		fmt.Fprintf(&b, "*3\r\n:%d\r\n:%d\r\n*4\r\n$%d\r\n%s\r\n:6379\r\n$40\r\n%040d\r\n*2\r\n$2\r\nip\r\n$11\r\n10.11.12.13\r\n",
			3*i, 3*i+2, len(host), host, i%nodes)
	}
	return b.String()
}
