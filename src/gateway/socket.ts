/** Where an engine finds its gateway. */

/** Name of the socket in the folder of the engine's inputs. */
export const SOCKET_NAME = 'provider.sock';
