package identity

import (
	"net/http"
	"runtime"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// Users know callers by the user at the other end of a UNIX socket, as the kernel has it.
type Users struct{ names map[uint32]string }

// UsersSupported says whether this system tells who that is.
const UsersSupported = runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "freebsd"

func newUsers(list []config.User) Users {
	u := Users{map[uint32]string{}}
	for _, user := range list {
		u.names[uint32(user.UID)] = user.Name
	}
	return u
}

// userBasis is the entry that an identity rests on.
type userBasis struct {
	uid  uint32
	name string
}

// VerifyConnection implements [websocket.ConnectionVerifier]. A user of whom nothing is
// said needs a token.
func (u Users) VerifyConnection(r *http.Request) (id websocket.Identity, found bool, err error) {
	uid, ok := websocket.PeerUID(r.Context())
	if !ok {
		return id, false, nil
	}
	name, ok := u.names[uid]
	return websocket.Identity{Caller: name, Basis: userBasis{uid, name}}, ok, nil
}

// Knows implements [websocket.ConnectionVerifier].
func (u Users) Knows(id websocket.Identity) bool {
	basis, ok := id.Basis.(userBasis)
	return ok && u.names[basis.uid] == basis.name && basis.name != ""
}
