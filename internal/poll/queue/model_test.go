package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanout/internal/testing/modelkit"
)

// The promises of a queue that is read, as docs/models.md states them.
const (
	complete    modelkit.Promise = "The function acknowledges every message."
	keptTill    modelkit.Promise = "No message is deleted before the function has acknowledged it."
	inOrder     modelkit.Promise = "Of a FIFO queue, it gets no message before it has acknowledged the earlier ones of the group."
	latestLast  modelkit.Promise = "Of a FIFO queue, the last message of each group is the last one that it acknowledges."
	oneAtATime  modelkit.Promise = "It has a message once at a time, and one batch of a FIFO queue's group."
	emptyInTime modelkit.Promise = "When faults end, the queue becomes empty."
)

// sabotage makes the poller, or the queue that it trusts, misbehave.
type sabotage struct {
	loses    bool // a message that the queue gives is gone
	blind    bool // failures of the function count as acknowledged
	unlocked bool // the queue gives messages of a group while others are in flight
	lying    bool // the queue confirms deletions that it does not make
	doubles  bool // messages have a new id each time
	deaf     bool // the queue refuses all deletions
}

var model = modelkit.Model[sabotage]{
	Package: "./internal/poll/queue", Page: "../../../docs/models.md", Runs: 100,
	Play:     func(j *modelkit.Judge, d *modelkit.Draw, s sabotage) { newWorld(j, d, s).run() },
	Promises: []modelkit.Promise{complete, keptTill, inOrder, latestLast, oneAtATime, emptyInTime},
	Sabotages: []modelkit.Sabotage[sabotage]{
		{Name: "a message is gone when it is given", By: sabotage{loses: true}, Breaks: complete},
		{Name: "failures count as acknowledged", By: sabotage{blind: true}, Breaks: keptTill},
		{Name: "groups are not locked", By: sabotage{unlocked: true}, Breaks: inOrder},
		{Name: "deletions are confirmed and not made", By: sabotage{lying: true}, Breaks: latestLast},
		{Name: "a message does not keep its id", By: sabotage{doubles: true}, Breaks: oneAtATime},
		{Name: "no deletion is made", By: sabotage{deaf: true}, Breaks: emptyInTime},
	},
	Occurs: []string{"restarts", "kills", "failed calls", "lost answers", "refused entries", "failed batches", "failed messages", "slow batches", "deliveries", "messages"},
}

func TestModel(t *testing.T)        { model.Check(t) }
func TestModelNotices(t *testing.T) { model.CheckNotices(t) }

// world is a queue and a run that reads it, while calls and invocations fail or take long, and
// the run is stopped or killed and starts again.
type world struct {
	*modelkit.Judge
	*modelkit.Draw
	sabotage
	queue   *fakeQueue
	options Options
	groups  map[string]int // number of messages put
	process *process

	mu       sync.Mutex
	luck     *modelkit.Draw // for decisions in calls
	trouble  bool
	acked    map[string]int  // by group: messages acknowledged in order
	last     map[string]int  // by group: the last message acknowledged
	has      map[string]bool // acknowledged messages, by id
	inFlight map[string]bool // messages, and groups of a FIFO queue
}

// process is a run. A killed one has no effect any more.
type process struct {
	*fakeQueue
	dead atomic.Bool
	stop func() error
}

func newWorld(j *modelkit.Judge, d *modelkit.Draw, s sabotage) *world {
	w := &world{
		Judge: j, Draw: d, sabotage: s, queue: newFakeQueue(d.OneIn(2) || s.unlocked || s.lying), luck: d.Fork(), groups: make(map[string]int),
		acked: make(map[string]int), last: make(map[string]int), has: make(map[string]bool), inFlight: make(map[string]bool),
	}
	q := w.queue
	q.timeout, q.unlocked, q.lying, q.loses, q.doubles = modelkit.Pick(d, 0, 12, 30, 60), s.unlocked, s.lying, s.loses, s.doubles
	q.before, q.entry, q.twice, q.deleting = w.before, w.refuse, w.twice, w.deleted
	w.options = Options{BatchSize: 1 + d.IntN(10), Concurrency: 1 + d.IntN(5), Timeout: 5 * time.Minute}
	if !q.fifo {
		w.options.BatchSize = 1 + d.IntN(40)
	}
	return w
}

// run lets things happen to the queue and to the run, and then judges the deliveries.
func (w *world) run() {
	w.start()
	for range 10 + w.IntN(30) {
		w.happen()
		if w.OneIn(2) {
			time.Sleep(w.Below(20 * time.Second))
		}
	}
	w.set(&w.trouble, false)
	time.Sleep(30 * time.Minute) // the longest delivery, visibility timeout and backoff
	must(w, w.process.stop())
	w.judge()
}

func (w *world) happen() {
	switch w.IntN(10) {
	case 0:
		w.Count("restarts", 1)
		must(w, w.process.stop())
		w.start()
	case 1:
		w.Count("kills", 1)
		w.process.dead.Store(true)
		must(w, w.process.stop())
		w.start()
	case 2, 3:
		w.set(&w.trouble, true)
	case 4:
		w.set(&w.trouble, false)
	default:
		group := modelkit.Pick(w.Draw, "a", "b", "c")
		for range 1 + w.IntN(20) {
			w.queue.put(group, w.groups[group])
			w.groups[group]++
		}
	}
}

// start starts a process.
func (w *world) start() {
	p := &process{fakeQueue: w.queue}
	poller, err := New(p, w.queue.arn(), url, func(ctx context.Context, event []byte) ([]byte, error) { return w.handle(ctx, p, event) }, w.options)
	must(w, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- poller.Run(ctx) }()
	p.stop = func() error {
		stop()
		return <-ended
	}
	w.process = p
}

// judge compares the acknowledged messages with the queue.
func (w *world) judge() {
	for group, n := range w.groups {
		w.Count("messages", n)
		for i := range n {
			if !w.has[fmt.Sprintf("%s-%d", group, i)] {
				w.broken(complete, "message %d of group %s was not acknowledged", i, group)
			}
		}
		if w.queue.fifo && n > 0 && w.last[group] != n-1 {
			w.broken(latestLast, "message %d of %d of group %s came last", w.last[group], n, group)
		}
	}
	if n := w.queue.len(); n > 0 {
		w.broken(emptyInTime, "%d messages are left", n)
	}
}

// handle is the function: it takes the messages in order, until one of a group fails.
func (w *world) handle(ctx context.Context, p *process, event []byte) ([]byte, error) {
	var e events.SQSEvent
	if err := json.Unmarshal(event, &e); err != nil {
		w.T.Error(err)
	}
	marks := w.enter(p, e.Records)
	defer w.leave(p, marks)
	if w.chance(4) {
		w.Count("slow batches", 1)
		w.sleep(ctx, 2*time.Minute)
	} else {
		w.sleep(ctx, 3*time.Second)
	}
	if p.dead.Load() {
		return nil, errors.New("killed")
	}
	if w.chance(6) {
		w.Count("failed batches", 1)
		if w.chance(2) {
			w.take(e.Records)
		}
		return nil, errors.New("no")
	}
	return w.answer(w.take(e.Records))
}

// answer names failed messages. It may leave out the ones that only wait for another of their
// group.
func (w *world) answer(failed []events.SQSMessage) ([]byte, error) {
	if w.blind {
		return nil, nil
	}
	items := []map[string]string{}
	named := make(map[string]bool)
	onlyFirst := w.chance(2)
	for i := range failed {
		group := failed[i].Attributes["MessageGroupId"]
		if group == "" || !onlyFirst || !named[group] {
			items = append(items, map[string]string{"itemIdentifier": failed[i].MessageId})
		}
		named[group] = true
	}
	return json.Marshal(map[string]any{"batchItemFailures": items})
}

// take acknowledges messages, and returns the ones that it does not.
func (w *world) take(all []events.SQSMessage) (failed []events.SQSMessage) {
	barred := make(map[string]bool)
	for i := range all {
		m := &all[i]
		group := m.Attributes["MessageGroupId"]
		if group != "" && barred[group] || w.chance(8) {
			w.Count("failed messages", 1)
			barred[group] = true
			failed = append(failed, *m)
			continue
		}
		w.acknowledge(m)
	}
	return failed
}

func (w *world) acknowledge(m *events.SQSMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Count("deliveries", 1)
	var group string
	var place int
	if _, err := fmt.Sscan(m.Body, &group, &place); err != nil {
		w.T.Errorf("the body is %q: %v", m.Body, err)
	}
	if place > w.acked[group] && w.queue.fifo {
		w.broken(inOrder, "message %d of group %s came after %d of its messages", place, group, w.acked[group])
	}
	w.acked[group] = max(w.acked[group], place+1)
	w.last[group], w.has[fmt.Sprintf("%s-%d", group, place)] = place, true
}

// enter marks messages, and groups, as in flight, and returns the marks.
func (w *world) enter(p *process, all []events.SQSMessage) (marks []string) {
	for i := range all {
		marks = append(marks, all[i].Body)
		if group := all[i].Attributes["MessageGroupId"]; group != "" {
			marks = append(marks, group)
		}
	}
	slices.Sort(marks)
	marks = slices.Compact(marks)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range marks {
		if w.inFlight[m] && !p.dead.Load() {
			w.broken(oneAtATime, "%s was in flight already", m)
		}
		w.inFlight[m] = true
	}
	return marks
}

func (w *world) leave(_ *process, marks []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range marks {
		delete(w.inFlight, m)
	}
}

// before lets calls fail, or hides their answers.
func (w *world) before(op string) (refused, lost error) {
	switch {
	case op == "look":
		return nil, nil
	case w.chance(5):
		w.Count("failed calls", 1)
		w.mu.Lock()
		defer w.mu.Unlock()
		return modelkit.Pick(w.luck, errLost, apiError("RequestThrottled"), apiError("OverLimit")), nil
	case w.chance(8):
		w.Count("lost answers", 1)
		return nil, errLost
	}
	return nil, nil
}

func (w *world) refuse(op string) error {
	if w.deaf && op == "delete" {
		return errLost
	}
	if w.chance(5) {
		w.Count("refused entries", 1)
		return errLost
	}
	return nil
}

func (w *world) twice() bool { return w.chance(10) }

// deleted judges a deletion.
func (w *world) deleted(m *fakeMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.has[fmt.Sprintf("%s-%d", m.group, m.place)] {
		w.broken(keptTill, "%s was deleted", m.id)
	}
}

// chance draws true in one of n cases in times of trouble.
func (w *world) chance(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trouble && w.luck.OneIn(n)
}

func (w *world) sleep(ctx context.Context, most time.Duration) {
	w.mu.Lock()
	d := w.luck.Below(most)
	w.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (w *world) set(field *bool, value bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*field = value
}

func (w *world) broken(p modelkit.Promise, format string, args ...any) {
	w.T.Helper()
	format += " (FIFO %v, timeout %d s, %+v)"
	w.Broken(p, format, append(args, w.queue.fifo, w.queue.timeout, w.options)...)
}

func (p *process) GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, o ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return alive(ctx, p, p.fakeQueue.GetQueueAttributes, in, o)
}

func (p *process) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, o ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	return alive(ctx, p, p.fakeQueue.ReceiveMessage, in, o)
}

func (p *process) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, o ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	return alive(ctx, p, p.fakeQueue.DeleteMessageBatch, in, o)
}

func (p *process) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, o ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	return alive(ctx, p, p.fakeQueue.ChangeMessageVisibilityBatch, in, o)
}

// alive makes a call of a process, unless it is killed.
func alive[In, Out any](ctx context.Context, p *process, call func(context.Context, In, ...func(*sqs.Options)) (Out, error), in In, o []func(*sqs.Options)) (out Out, err error) {
	if p.dead.Load() {
		return out, errLost
	}
	return call(ctx, in, o...)
}

func must(w *world, err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}
