using System.Globalization;
using System.Text;

namespace Workflows.AiSearch.Embeddings;

/// <summary>A vector as pgvector's text form; five digits are what half precision keeps.</summary>
internal static class VectorLiteral
{
    public static string Of(ReadOnlySpan<float> vector)
    {
        var text = new StringBuilder(vector.Length * 9).Append('[');
        for (var i = 0; i < vector.Length; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }

            text.Append(CultureInfo.InvariantCulture, $"{vector[i]:G5}");
        }

        return text.Append(']').ToString();
    }
}
