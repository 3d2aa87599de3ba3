import { TablePagination, useMediaQuery, type Theme } from '@mui/material';
import { useListContext } from 'react-admin';

const LENGTHS = [10, 25, 100];

/** Back and forward. The API has no totals: a page costs the same in any list. */
export function Pager() {
  const { page, perPage, hasNextPage, isPending, setPage, setPerPage } = useListContext();
  const isNarrow = useMediaQuery<Theme>((theme) => theme.breakpoints.down('sm'));
  if (isPending) return null;
  return (
    <TablePagination
      component="div"
      count={-1}
      page={page - 1}
      rowsPerPage={perPage}
      rowsPerPageOptions={isNarrow ? [] : LENGTHS}
      labelDisplayedRows={({ page }) => `Page ${page + 1}`}
      onPageChange={(_, page) => setPage(page + 1)}
      onRowsPerPageChange={({ target }) => setPerPage(Number(target.value))}
      slotProps={{ actions: { nextButton: { disabled: !hasNextPage } } }}
    />
  );
}
