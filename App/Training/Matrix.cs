using System.Runtime.Intrinsics;

namespace App.Training;

/// <summary>
/// Matrix products of single precision. Each element is summed in order of the inner index with fused multiply-add, so
/// results are the same to the bit whatever the vector width of the machine.
/// </summary>
internal static unsafe class Matrix
{
    private const int Lanes = 8;
    private const int TileRows = 4;

    /// <summary><c>c[i, j] += Σp a[i·aRow + p·aColumn] · b[p·bRow + j]</c> for i &lt; rows, j &lt; columns, p &lt; inner.</summary>
    public static void MultiplyAdd(int rows, int columns, int inner, float* a, int aRow, int aColumn, float* b, int bRow,
        float* c, int cRow)
    {
        var j = 0;
        for (; j + (2 * Lanes) <= columns; j += 2 * Lanes)
        {
            var i = 0;
            for (; i + TileRows <= rows; i += TileRows)
                Tile(inner, a + ((long)i * aRow), aRow, aColumn, b + j, bRow, c + ((long)i * cRow) + j, cRow);
            for (; i < rows; i++)
            {
                Strip(inner, a + ((long)i * aRow), aColumn, b + j, bRow, c + ((long)i * cRow) + j);
                Strip(inner, a + ((long)i * aRow), aColumn, b + j + Lanes, bRow, c + ((long)i * cRow) + j + Lanes);
            }
        }
        for (; j + Lanes <= columns; j += Lanes)
        {
            for (var i = 0; i < rows; i++)
                Strip(inner, a + ((long)i * aRow), aColumn, b + j, bRow, c + ((long)i * cRow) + j);
        }
        for (; j < columns; j++)
        {
            for (var i = 0; i < rows; i++)
            {
                var sum = c[((long)i * cRow) + j];
                for (var p = 0; p < inner; p++)
                    sum = MathF.FusedMultiplyAdd(a[((long)i * aRow) + ((long)p * aColumn)], b[((long)p * bRow) + j], sum);
                c[((long)i * cRow) + j] = sum;
            }
        }
    }

    /// <summary>Four rows by sixteen columns, held in registers.</summary>
    private static void Tile(int inner, float* a, int aRow, int aColumn, float* b, int bRow, float* c, int cRow)
    {
        float* a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
        float* c1 = c + cRow, c2 = c1 + cRow, c3 = c2 + cRow;
        Vector256<float> x00 = Vector256.Load(c), x01 = Vector256.Load(c + Lanes);
        Vector256<float> x10 = Vector256.Load(c1), x11 = Vector256.Load(c1 + Lanes);
        Vector256<float> x20 = Vector256.Load(c2), x21 = Vector256.Load(c2 + Lanes);
        Vector256<float> x30 = Vector256.Load(c3), x31 = Vector256.Load(c3 + Lanes);
        long p = 0;
        for (var left = inner; left > 0; left--, p += aColumn, b += bRow)
        {
            Vector256<float> b0 = Vector256.Load(b), b1 = Vector256.Load(b + Lanes);
            var v = Vector256.Create(a[p]);
            x00 = Vector256.FusedMultiplyAdd(v, b0, x00);
            x01 = Vector256.FusedMultiplyAdd(v, b1, x01);
            v = Vector256.Create(a1[p]);
            x10 = Vector256.FusedMultiplyAdd(v, b0, x10);
            x11 = Vector256.FusedMultiplyAdd(v, b1, x11);
            v = Vector256.Create(a2[p]);
            x20 = Vector256.FusedMultiplyAdd(v, b0, x20);
            x21 = Vector256.FusedMultiplyAdd(v, b1, x21);
            v = Vector256.Create(a3[p]);
            x30 = Vector256.FusedMultiplyAdd(v, b0, x30);
            x31 = Vector256.FusedMultiplyAdd(v, b1, x31);
        }
        x00.Store(c);
        x01.Store(c + Lanes);
        x10.Store(c1);
        x11.Store(c1 + Lanes);
        x20.Store(c2);
        x21.Store(c2 + Lanes);
        x30.Store(c3);
        x31.Store(c3 + Lanes);
    }

    /// <summary>One row by eight columns.</summary>
    private static void Strip(int inner, float* a, int aColumn, float* b, int bRow, float* c)
    {
        var sum = Vector256.Load(c);
        for (var left = inner; left > 0; left--, a += aColumn, b += bRow)
            sum = Vector256.FusedMultiplyAdd(Vector256.Create(*a), Vector256.Load(b), sum);
        sum.Store(c);
    }
}
