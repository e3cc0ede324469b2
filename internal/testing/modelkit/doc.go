// Package modelkit runs models. A model is a test that draws a random world from a seed, runs
// the program in this world, and checks the program's promises:
//
//	var model = modelkit.Model[sabotage]{
//		Package:   "./engine",
//		Runs:      2000,
//		Play:      play, // draws a world, runs it, and calls Judge.Broken for each broken promise
//		Promises:  []modelkit.Promise{counted, …},
//		Sabotages: []modelkit.Sabotage[sabotage]{{Name: "a record is counted twice", By: sabotage{countsTwice: true}, Breaks: counted}, …},
//	}
//
//	func TestModel(t *testing.T)        { model.Check(t) }
//	func TestModelNotices(t *testing.T) { model.CheckNotices(t) }
//
// Every world runs in a bubble of testing/synctest, so its time is fake. docs/models.md has the
// promises of all models.
package modelkit
