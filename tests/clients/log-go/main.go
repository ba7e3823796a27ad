// Checks a published log with nothing of Jejak: the note and tlog packages of Go's checksum database.
//
//	log FOLDER VKEY [FORMER-CHECKPOINT...]
//
// The checkpoint's signature, the tree's hash, that it begins with every former checkpoint, and the
// proof of every entry. Go's tiles lie otherwise; here they are read as C2SP tlog-tiles says.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type head struct {
	size int64
	hash tlog.Hash
}

// log reads the hashes of a tree of one size from the tiles in a folder.
type log struct {
	folder string
	size   int64
}

func main() {
	if len(os.Args) < 3 {
		fail("log FOLDER VKEY [FORMER-CHECKPOINT...]")
	}
	folder := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	known := note.VerifierList(verifier)
	now := opened(filepath.Join(folder, "checkpoint"), known, verifier.Name())
	tree := log{folder, now.size}

	hash, err := tlog.TreeHash(now.size, tree)
	check(err)
	if hash != now.hash {
		fail("the tiles have another hash than the checkpoint")
	}
	for _, path := range os.Args[3:] {
		before := opened(path, known, verifier.Name())
		proof, err := tlog.ProveTree(now.size, before.size, tree)
		check(err)
		check(tlog.CheckTree(proof, now.size, now.hash, before.size, before.hash))
	}
	for at := int64(0); at < now.size; at += 256 {
		for within, entry := range tree.bundle(at / 256) {
			number := at + int64(within)
			proof, err := tlog.ProveRecord(now.size, number, tree)
			check(err)
			check(tlog.CheckRecord(proof, now.size, now.hash, number, tlog.RecordHash(entry)))
		}
	}
	fmt.Printf("%d entries, %d former checkpoints\n", now.size, len(os.Args)-3)
}

func opened(path string, known note.Verifiers, origin string) head {
	content, err := os.ReadFile(path)
	check(err)
	found, err := note.Open(content, known)
	check(err)
	lines := strings.Split(found.Text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		fail(path + " is no checkpoint of " + origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	hash, err := tlog.ParseHash(lines[2])
	check(err)
	return head{size, hash}
}

// ReadHashes is what tlog asks for: hashes by where Go stores them.
func (l log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		within := level % 8
		first := n << within
		row := l.tile(level/8, first/256)
		first %= 256
		if int64(len(row)) < first+1<<within {
			return nil, fmt.Errorf("hash %d of level %d is in no tile", n, level)
		}
		found = append(found, folded(row[first:first+1<<within]))
	}
	return found, nil
}

func folded(row []tlog.Hash) tlog.Hash {
	if len(row) == 1 {
		return row[0]
	}
	middle := len(row) / 2
	return tlog.NodeHash(folded(row[:middle]), folded(row[middle:]))
}

func (l log) tile(level int, n int64) []tlog.Hash {
	width := min(256, l.size>>(8*level)-256*n)
	content := l.read(fmt.Sprintf("tile/%d/%s", level, numbered(n)), width)
	row := make([]tlog.Hash, width)
	for i := range row {
		copy(row[i][:], content[32*i:32*i+32])
	}
	return row
}

func (l log) bundle(n int64) [][]byte {
	width := min(256, l.size-256*n)
	content := l.read("tile/entries/"+numbered(n), width)
	var entries [][]byte
	for rest := bytes.NewBuffer(content); rest.Len() > 0; {
		length := int(binary.BigEndian.Uint16(rest.Next(2)))
		entry := rest.Next(length)
		if len(entry) != length {
			fail("a bundle ends in the middle of an entry")
		}
		entries = append(entries, entry)
	}
	if int64(len(entries)) != width {
		fail("a bundle holds another number of entries")
	}
	return entries
}

func (l log) read(name string, width int64) []byte {
	if width < 256 {
		name += fmt.Sprintf(".p/%d", width)
	}
	content, err := os.ReadFile(filepath.Join(l.folder, name))
	check(err)
	return content
}

func numbered(n int64) string {
	found := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		found = fmt.Sprintf("x%03d/%s", n%1000, found)
	}
	return found
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
