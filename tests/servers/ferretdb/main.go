// A server that speaks MongoDB's protocol, for the tests of telegraf/sinks/mongodb.conf: FerretDB 1 on SQLite files.
//
//	ferretdb 127.0.0.1:PORT FOLDER
//
// It is the embedded one, since the program of its own wants files that only its releases have.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	})
	if err != nil {
		log.Fatal(err)
	}
	untilAsked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := server.Run(untilAsked); err != nil {
		log.Fatal(err)
	}
}
