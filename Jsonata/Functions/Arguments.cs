using System.Runtime.CompilerServices;

namespace Workflows.Jsonata.Functions;

/// <summary>Room on the stack for the arguments of a call, of which nearly all have four or fewer.</summary>
[InlineArray(Capacity)]
internal struct Arguments
{
    public const int Capacity = 4;

    private JsonataValue _first;
}
