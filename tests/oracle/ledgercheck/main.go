// ledgercheck verifies ledgers with Go's own packages for signed notes and transparency logs, on which the Go checksum database rests.
//
// For each JSON line on stdin it prints one: the size and the root of what was verified, or the error. A line names either a ledger's folder,
// with entries whose inclusion and older checkpoints with which consistency is to be shown, or holds a C2SP tlog-proof.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

type question struct {
	Key     string   `json:"key"`
	Ledger  string   `json:"ledger"`
	Records []int64  `json:"records"`
	Older   []string `json:"older"`
	Proof   string   `json:"proof"`
}

type answer struct {
	Size  int64  `json:"size"`
	Root  string `json:"root"`
	Error string `json:"error,omitempty"`
}

// ledger is the folder of a log; it is the TileReader that tlog asks for tiles.
type ledger string

func (folder ledger) Height() int                     { return height }
func (folder ledger) SaveTiles([]tlog.Tile, [][]byte) {}

func (folder ledger) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		data, err := folder.read(path(tile))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (folder ledger) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(folder), name))
}

// path is where C2SP has a tile; Go's own paths say the height, too, and call the bundles of entries data.
func path(tile tlog.Tile) string {
	name := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	if rest, found := strings.CutPrefix(name, "data/"); found {
		name = "entries/" + rest
	}
	return "tile/" + name
}

func (folder ledger) entries(size int64) ([][]byte, error) {
	var found [][]byte
	for first := int64(0); first < size; first += width {
		held := int(min(width, size-first))
		name := path(tlog.Tile{H: height, L: -1, N: first / width, W: held})
		data, err := folder.read(name)
		if err != nil {
			return nil, err
		}
		for range held {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s breaks off", name)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			found, data = append(found, data[2:end]), data[end:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("%s holds more than %d entries", name, held)
		}
	}
	return found, nil
}

// opened is the tree that a signed checkpoint tells of. tlog.ParseTree knows only the first line of the Go checksum database.
func opened(signed []byte, key string) (tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return tree, err
	}
	head, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(head.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, errors.New("no checkpoint of this log")
	}
	tree.N, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || tree.N < 0 || strconv.FormatInt(tree.N, 10) != lines[1] {
		return tree, errors.New("no size in the checkpoint")
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func verified(asked question) (tree tlog.Tree, err error) {
	folder := ledger(asked.Ledger)
	signed, err := folder.read("checkpoint")
	if err != nil {
		return tree, err
	}
	if tree, err = opened(signed, asked.Key); err != nil {
		return tree, err
	}
	entries, err := folder.entries(tree.N)
	if err != nil {
		return tree, err
	}
	if err = folder.compare(tree, entries); err != nil {
		return tree, err
	}
	proven := tlog.TileHashReader(tree, folder)
	for _, number := range asked.Records {
		proof, err := tlog.ProveRecord(tree.N, number, proven)
		if err != nil {
			return tree, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, number, tlog.RecordHash(entries[number])); err != nil {
			return tree, fmt.Errorf("entry %d: %w", number, err)
		}
	}
	for _, text := range asked.Older {
		if err := continues(text, asked.Key, tree, proven); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

// compare makes the tree anew from the entries: its root has to be the signed one, and every tile what is stored.
func (folder ledger) compare(tree tlog.Tree, entries [][]byte) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for position, index := range indexes {
			found[position] = stored[index]
		}
		return found, nil
	})
	for number, entry := range entries {
		fresh, err := tlog.StoredHashes(int64(number), entry, reader)
		if err != nil {
			return err
		}
		stored = append(stored, fresh...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the root of the entries is %v, and %v is signed", root, tree.Hash)
	}
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		expected, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return err
		}
		found, err := folder.read(path(tile))
		if err != nil {
			return err
		}
		if !bytes.Equal(found, expected) {
			return fmt.Errorf("%s does not hold the hashes of what is below it", path(tile))
		}
	}
	return nil
}

func continues(text, key string, tree tlog.Tree, proven tlog.HashReader) error {
	older, err := opened([]byte(text), key)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, older.N, proven)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
}

// proven reads C2SP's tlog-proof, whose extra data is the entry.
func proven(text, key string) (tree tlog.Tree, err error) {
	head, signed, _ := strings.Cut(text, "\n\n")
	if tree, err = opened([]byte(signed), key); err != nil {
		return tree, err
	}
	lines := strings.Split(head, "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return tree, errors.New("no proof with an entry and its index")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(lines[1][len("extra "):])
	if err != nil {
		return tree, err
	}
	number, err := strconv.ParseInt(lines[2][len("index "):], 10, 64)
	if err != nil || number < 0 || number >= tree.N {
		return tree, errors.New("no index of the log")
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return tree, err
		}
		proof = append(proof, hash)
	}
	return tree, tlog.CheckRecord(proof, tree.N, tree.Hash, number, tlog.RecordHash(entry))
}

func answered(line []byte) answer {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	var tree tlog.Tree
	var err error
	if asked.Proof != "" {
		tree, err = proven(asked.Proof, asked.Key)
	} else {
		tree, err = verified(asked)
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Size: tree.N, Root: fmt.Sprintf("%x", tree.Hash[:])}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		if err := out.Encode(answered(in.Bytes())); err != nil {
			panic(err)
		}
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}
