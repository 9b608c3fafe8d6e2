// Go's own client. `go run client.go PLAN`
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	plan, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	for _, row := range strings.Split(strings.TrimRight(string(plan), "\n"), "\n") {
		part := strings.Split(row, "\t") // name, method, url, body, how
		var body io.Reader
		if part[3] != "" {
			body = strings.NewReader(part[3])
			if part[4] == "chunked" {
				body = io.MultiReader(body) // of which it knows no length
			}
		}
		asked, err := http.NewRequest(part[1], part[2], body)
		if err != nil {
			panic(err)
		}
		if body != nil {
			asked.Header.Set("Content-Type", "application/json;charset=utf-8")
		}
		if part[4] == "expect" {
			asked.Header.Set("Expect", "100-continue")
		}
		got, err := http.DefaultClient.Do(asked)
		if err != nil {
			panic(err)
		}
		text, _ := io.ReadAll(got.Body)
		got.Body.Close()
		fmt.Printf("%s\t%d\t%s\n", part[0], got.StatusCode, text)
	}
}
