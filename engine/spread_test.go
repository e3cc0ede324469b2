package engine

import "testing"

func TestSpread(t *testing.T) {
	for _, tt := range []struct{ requests, most, want int }{
		{1, 16, 1}, {2, 16, 2}, {16, 16, 16}, {17, 16, 9}, {20, 16, 10}, {32, 16, 16}, {33, 16, 11}, {1000, 16, 16}, {5, 1, 1},
	} {
		if n := spread(tt.requests, tt.most); n != tt.want {
			t.Errorf("%d requests in at most %d lanes go in %d, want %d", tt.requests, tt.most, n, tt.want)
		}
	}
}
