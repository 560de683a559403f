namespace Workflows.Api.Http;

/// <summary>
/// Of a route whose answers hold credentials, or come bit by bit: <c>Idempotency-Key</c> has no effect there. To repeat
/// an answer it would have to be stored, and whoever reads the store would be logged in.
/// </summary>
internal sealed record NotRepeatable;
