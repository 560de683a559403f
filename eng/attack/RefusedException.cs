namespace Workflows.Attack;

/// <summary>The API refused a request (4xx): often what should happen.</summary>
internal sealed class RefusedException(int status, string code) : Exception($"refused with {status} {code}")
{
    public int Status => status;

    public string Code => code;
}
